"""A store that cannot be used stops the builds, and nothing else."""

from __future__ import annotations

import errno
import json
import os
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
import time_machine
from django.core.cache import cache
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client
from django.utils import timezone

from packager.lifecycle import requests
from packager.models import Status
from packager.storage import stores
from tests.packager.conftest import run_tasks


@pytest.fixture(autouse=True)
def _look_anew():
    cache.clear()
    yield
    cache.clear()


def _words(command, **options):
    out = StringIO()
    call_command(command, stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def read_only(monkeypatch):
    """A function after which the folder is on a disk that was mounted read-only."""
    opened = Path.open

    def refuse(*_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def reading_only(self, mode="r", *arguments, **options):
        return opened(self, mode, *arguments, **options) if "r" in mode else refuse()

    def mount():
        monkeypatch.setattr(Path, "open", reading_only)
        for change in ("unlink", "rename", "rmdir"):
            monkeypatch.setattr(Path, change, refuse)
        monkeypatch.setattr("packager.storage.filesystem.tempfile.TemporaryFile", refuse)

    return mount


def test_while_it_is_read_only_builds_fail_and_old_packages_are_still_downloaded(built, portal, read_only, settings):
    old = built()
    path = old.download_url.removeprefix(settings.PUBLIC_URL)
    read_only()
    failed = built(parameters={"limit": 3})
    assert (failed.status, failed.error_code) == (Status.FAILED, "store_unavailable")
    assert portal.get(path).status_code == 200


def test_while_it_is_read_only_expiry_reports_and_goes_on(built, read_only, monkeypatch, caplog):
    old = built()
    read_only()
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert "0 packages" in _words("expire_packages")
    assert str(old.package.pk) in caplog.text
    old.refresh_from_db()
    assert old.status == Status.SUCCEEDED
    monkeypatch.undo()
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert "1 package " in _words("expire_packages")


def test_a_request_is_accepted_although_nobody_knows_whether_its_package_is_still_there(built, submission, settings):
    built()
    folder = settings.PACKAGER_STORE_DIRECTORY
    folder.rename(folder.with_name("unmounted"))
    again = requests.submit(submission())
    assert again.status == Status.QUEUED
    run_tasks()
    again.refresh_from_db()
    assert again.status == Status.SUCCEEDED


@pytest.fixture(params=["folder", "object storage", "wrong bucket"])
def away(request, portal, tmp_path, settings):
    """A store that cannot be used; the setting that names it."""
    if request.param == "folder":
        (tmp_path / "in the way").write_bytes(b"")
        settings.PACKAGER_STORE_DIRECTORY = tmp_path / "in the way" / "packages"
        yield "PACKAGER_STORE_DIRECTORY"
        return
    from tests.packager import object_storage

    request.getfixturevalue("object_storage")
    if request.param == "wrong bucket":
        settings.PACKAGER_STORE_URL = "s3://not-there/portal"
        yield "PACKAGER_STORE_URL"
        return
    with object_storage.using("http://127.0.0.1:1"):
        yield "PACKAGER_STORE_URL"


def test_check_says_so_and_names_the_setting(away):
    with pytest.raises(SystemCheckError) as refusal:
        call_command("check")
    assert f"{away} is " in str(refusal.value)
    assert "HINT" in str(refusal.value)


def test_other_commands_start_and_status_says_so(away):
    assert "The store cannot be used" in _words("status", skip_checks=False)
    assert json.loads(_words("status", json=True))["store"]["problem"]
    assert "0 packages" in _words("expire_packages", skip_checks=False)


def test_readiness_the_metrics_and_the_first_page_of_the_admin_say_so(away, admin_client):
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["store"], answer.json()["database"]) == (503, "failed", "ok")
    assert "packaging_store_up 0.0" in Client().get("/metrics").content.decode()
    assert "No package can be stored at the moment" in admin_client.get("/admin/").content.decode()


def test_where_it_can_be_used_nobody_complains(portal, object_storage, admin_client):
    call_command("check")
    assert stores.problem() == ""
    assert Client().get("/readyz").json()["store"] == "ok"
    assert "packaging_store_up 1.0" in Client().get("/metrics").content.decode()
    assert "packaging_store_free_bytes" not in Client().get("/metrics").content.decode()
    assert "No package can be stored" not in admin_client.get("/admin/").content.decode()
    assert "store" not in _words("status")


@pytest.mark.parametrize("url", ["s3://Not_A_Bucket", "shelf://upstairs"])
def test_an_address_for_which_there_is_no_store_stops_every_start(portal, settings, url):
    settings.PACKAGER_STORE_URL = url
    with pytest.raises(SystemCheckError, match="PACKAGER_STORE_URL"):
        call_command("check")
    with pytest.raises(SystemCheckError, match="PACKAGER_STORE_URL"):
        call_command("status", skip_checks=False)
