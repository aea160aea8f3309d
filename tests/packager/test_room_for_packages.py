"""A build ends before a disk is full, and packages keep to the quota of their store."""

from __future__ import annotations

import json
import os
import re
import shutil
from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from packager.lifecycle import maintenance, requests, room
from packager.models import Delivery, Kind, Package, PackageError, Status
from packager.storage import stores
from packager.storage.stores import LEAST_FREE
from tests.packager.conftest import run_tasks

#: Of a file that nothing makes smaller.
SIZE = 1_000_000


@pytest.fixture(autouse=True)
def _look_anew():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def disk(portal, monkeypatch):
    """A disk of which a test says how many bytes are free; what is written is taken off."""
    from django.conf import settings

    disk = SimpleNamespace(free=10**12, looks=0)

    def written() -> int:
        places = [settings.PACKAGER_STORE_DIRECTORY, settings.PACKAGER_TEMP_DIRECTORY]
        return sum(path.stat().st_size for place in places for path in place.rglob("*") if path.is_file())

    def statvfs(path: object) -> SimpleNamespace:
        disk.looks += 1
        free = disk.free - written()
        return SimpleNamespace(f_bavail=free, f_bfree=free, f_blocks=10**12, f_frsize=1)

    monkeypatch.setattr(os, "statvfs", statvfs)
    return disk


def file(ckan, number=0, size=SIZE):
    """What a submission says of a file of ``size`` bytes; ``number`` tells such files apart."""
    url = f"{ckan.url}/demo/file/{size}/{number}.zip"
    return {"kind": Kind.URL, "format": "", "resource_id": f"file-{number}", "resource_url": url}


def files_left(settings):
    """What lies in the store and beside it."""
    places = (settings.PACKAGER_STORE_DIRECTORY, settings.PACKAGER_TEMP_DIRECTORY)
    return [path for place in places for path in place.rglob("*") if path.is_file()]


def failure(request):
    """How the request ended, and whether that may pass."""
    error = PackageError.objects.get(request=request)
    return request.status, request.error_code, error.retryable


FULL = (Status.FAILED, "store_full", True)


def test_a_file_that_will_not_fit_on_the_disk_is_not_read(built, ckan, disk, settings):
    disk.free = LEAST_FREE + SIZE - 1
    request = built(**file(ckan))
    assert failure(request) == FULL
    assert "the store has" in PackageError.objects.get().detail
    assert files_left(settings) == []
    assert disk.looks < 5


def test_a_table_is_measured_by_packages_like_it(built, disk):
    first = built()
    a_row = first.package.size / first.package.rows
    disk.free = LEAST_FREE + first.package.size + int(a_row * 100)
    assert failure(built(parameters={"limit": 150})) == FULL
    assert built(parameters={"limit": 50}).status == Status.SUCCEEDED


def test_a_build_ends_before_the_disk_is_full_and_leaves_nothing(built, ckan, disk, settings, monkeypatch):
    monkeypatch.setattr(room, "LOOK_EVERY", 50_000)
    monkeypatch.setattr(room, "expected", lambda *_: 0)
    disk.free = LEAST_FREE + SIZE // 2
    request = built(**file(ckan))
    assert failure(request) == FULL
    assert 2 < disk.looks < 100
    assert files_left(settings) == []
    assert Delivery.objects.get().subject == "failed"


def test_the_temporary_folder_is_looked_at_as_well(built, ckan, portal, monkeypatch, settings):
    usage, aside = shutil.disk_usage, settings.PACKAGER_TEMP_DIRECTORY

    def full(path):
        return usage(path)._replace(free=1) if path == aside else usage(path)

    monkeypatch.setattr(shutil, "disk_usage", full)
    monkeypatch.setattr("packager.storage.filesystem.DirectoryStore.free", lambda self: 10**12)
    request = built(**file(ckan))
    assert failure(request) == FULL
    assert "PACKAGER_TEMP_DIRECTORY has 1 bytes free" in PackageError.objects.get().detail


def test_once_there_is_room_the_request_can_be_retried(built, ckan, disk):
    disk.free = LEAST_FREE
    request = built(**file(ckan))
    disk.free = 10**12
    requests.retry(request.pk)
    run_tasks()
    request.refresh_from_db()
    assert request.status == Status.SUCCEEDED


def test_a_disk_with_little_room_is_told_of(disk, admin_client):
    assert Client().get("/readyz").json()["disk"] == "ok"
    cache.clear()
    disk.free = LEAST_FREE - 1
    assert Client().get("/readyz").json()["disk"] == "failed"
    assert "packaging_store_up 0.0" in Client().get("/metrics").content.decode()
    assert "bytes free and needs" in admin_client.get("/admin/").content.decode()


# ------------------------------------------------------------------------------------------------- the quota


@pytest.fixture(params=["folder", "object storage"])
def quota(request, portal, settings):
    """A store in which two files and a half have room."""
    settings.PACKAGER_STORE_QUOTA = SIZE * 5 // 2
    if request.param == "object storage":
        request.getfixturevalue("object_storage")
    return settings.PACKAGER_STORE_QUOTA


def stored():
    """The bytes that really lie in the store."""
    return sum(kept.size for kept in stores.default().listing())


def test_the_oldest_packages_go_first(built, ckan, quota, portal, settings):
    made = [built(**file(ckan, number)) for number in range(4)]
    for request in made:
        request.refresh_from_db()
    assert [request.status for request in made] == [Status.EXPIRED] * 2 + [Status.SUCCEEDED] * 2
    assert SIZE * 2 <= stored() <= quota
    answers = [portal.get(request.download_url.removeprefix(settings.PUBLIC_URL)).status_code for request in made]
    assert answers == [410, 410, 200, 200]
    assert "needed its room" in made[0].history.last().note


def test_as_many_go_as_a_large_one_needs_and_no_more(built, ckan, quota):
    small = [built(**file(ckan, number, SIZE * 2 // 5)) for number in range(4)]
    large = built(**file(ckan, 9))
    for request in small:
        request.refresh_from_db()
    assert [request.status for request in small] == [Status.EXPIRED] + [Status.SUCCEEDED] * 3
    assert large.status == Status.SUCCEEDED
    assert stored() <= quota


def test_a_package_larger_than_the_quota_fails_and_nothing_goes(built, ckan, quota):
    before = built(**file(ckan))
    request = built(**file(ckan, 1, 3 * SIZE))
    assert failure(request) == FULL
    before.refresh_from_db()
    assert before.status == Status.SUCCEEDED


def test_one_that_turns_out_larger_than_the_quota_ends_while_it_is_written(built, ckan, quota, monkeypatch):
    monkeypatch.setattr(room, "LOOK_EVERY", 50_000)
    monkeypatch.setattr(room, "expected", lambda *_: 0)
    written, check = [], room.check

    def noting(size, *, on_disk):
        written.append(size)
        check(size, on_disk=on_disk)

    monkeypatch.setattr(room, "check", noting)
    assert failure(built(**file(ckan, 1, 100 * SIZE))) == FULL
    assert max(written) < quota + 1_000_000
    assert stored() == 0


def test_where_packages_shall_not_go_before_their_time_builds_fail(built, ckan, quota, settings):
    settings.PACKAGER_STORE_EXPIRE_OLDEST = False
    made = [built(**file(ckan, number)) for number in range(2)]
    refused = built(**file(ckan, 2))
    assert failure(refused) == FULL
    assert f"PACKAGER_STORE_QUOTA is {quota:,}" in PackageError.objects.get().detail
    assert [type(request).objects.get(pk=request.pk).status for request in made] == [Status.SUCCEEDED] * 2
    requests.retry(refused.pk)
    maintenance.clear_packages()
    run_tasks()
    refused.refresh_from_db()
    assert refused.status == Status.SUCCEEDED


def test_a_quota_that_was_lowered_is_kept_by_the_schedule(built, ckan, quota, settings):
    for number in range(2):
        built(**file(ckan, number))
    settings.PACKAGER_STORE_QUOTA = SIZE * 3 // 2
    maintenance.expire_packages()
    assert Package.objects.kept().count() == 1
    settings.PACKAGER_STORE_QUOTA, settings.PACKAGER_STORE_EXPIRE_OLDEST = 1, False
    maintenance.expire_packages()
    assert Package.objects.kept().count() == 1


def gauge(metrics, name):
    """The value of a metric without labels."""
    return float(re.search(rf"^{name} (\S+)$", metrics, re.MULTILINE)[1])


def test_a_quota_is_told_of_and_so_is_one_that_is_used_up(built, ckan, quota, settings, admin_client):
    def told(command="status"):
        cache.clear()
        out = StringIO()
        call_command(command, stdout=out, json=True)
        page = admin_client.get("/admin/").content.decode()
        return json.loads(out.getvalue())["store"], page, Client().get("/metrics").content.decode()

    request = built(**file(ckan))
    store, page, metrics = told()
    assert (store["used_bytes"], store["quota_bytes"], store["problem"]) == (request.package.size, quota, "")
    assert gauge(metrics, "packaging_store_used_bytes") == request.package.size
    assert gauge(metrics, "packaging_store_quota_bytes") == quota
    assert "2.4\xa0MB used by packages" in page
    assert Client().get("/readyz").json()["store"] == "ok"
    settings.PACKAGER_STORE_QUOTA, settings.PACKAGER_STORE_EXPIRE_OLDEST = SIZE, False
    store, page, metrics = told()
    assert store["problem"] == "PACKAGER_STORE_QUOTA is used up"
    assert "PACKAGER_STORE_QUOTA is used up" in page
    assert "packaging_store_up 0.0" in metrics
    assert Client().get("/readyz").json()["store"] == "failed"


def test_without_a_quota_there_is_none(built, ckan):
    for number in range(3):
        built(**file(ckan, number))
    assert Package.objects.kept().count() == 3
