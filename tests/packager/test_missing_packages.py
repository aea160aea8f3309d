"""A package whose file is missing from the store: people are told, staff see it, and it can be recreated."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.cache import cache
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.utils import timezone

from packager.lifecycle import maintenance, requests, transitions
from packager.models import Package, PackageRequest, Status
from packager.storage import stores
from packager.storage.names import new_name
from tests.packager.conftest import run_tasks


@pytest.fixture(autouse=True)
def _look_anew():
    cache.clear()


@pytest.fixture(params=["folder", "object storage"])
def store(request, portal):
    """The store that the portal uses; nothing is in it."""
    if request.param == "object storage":
        request.getfixturevalue("object_storage")
    return stores.default()


@pytest.fixture
def lost(store, built):
    """A request whose file is missing, beside one that has its own."""
    built(parameters={"limit": 3})
    request = built()
    store.delete(request.package.stored_as)
    return request


def _path(request, settings):
    return request.download_url.removeprefix(settings.PUBLIC_URL)


def _page(portal, request):
    return portal.get(f"/requests/{request.token}/").content.decode()


def _check(**options):
    out = StringIO()
    call_command("check_store", stdout=out, **options)
    return out.getvalue()


def _tidy_up(**later):
    with time_machine.travel(timezone.now() + timedelta(**later)):
        return maintenance.expire_packages()


def test_the_link_says_so_and_the_page_offers_to_recreate_it(lost, portal, settings):
    answer = portal.get(_path(lost, settings))
    assert answer.status_code == 410
    assert "Its file is missing where we keep packages" in answer.content.decode().replace("&#x27;", "'")
    page = _page(portal, lost)
    assert "Recreate package" in page
    assert "Your package is no longer there" in page
    assert "download>" not in page
    portal.post(f"/requests/{lost.token}/again")
    run_tasks()
    lost.refresh_from_db()
    assert lost.status == Status.SUCCEEDED
    assert portal.get(_path(lost, settings)).status_code == 200


def test_staff_see_it_in_the_list_on_the_first_page_and_in_the_metrics(lost, portal, settings, admin_client, caplog):
    for _ in range(2):
        portal.get(_path(lost, settings))
    assert caplog.text.count("is missing from the store") == 1
    listed = admin_client.get("/admin/packager/package/?missing_since__isempty=0").content.decode()
    assert "1 package" in listed
    assert "1 package</a> should be in the store and is not there" in admin_client.get("/admin/").content.decode()
    assert "packaging_packages_missing 1.0" in Client().get("/metrics").content.decode()


def test_who_asks_for_the_same_gets_a_new_one_and_the_loss_is_noted(lost, built):
    assert built(email="grace@example.org").package != lost.package
    assert list(Package.objects.missing()) == [lost.package]


def test_after_an_hour_its_requests_expire_and_say_why(lost, portal, settings):
    portal.get(_path(lost, settings))
    assert _tidy_up(minutes=50) == 0
    assert _tidy_up(minutes=70) == 1
    lost.refresh_from_db()
    assert lost.status == Status.EXPIRED
    assert lost.history.last().note == "its file was missing from the store"
    assert "missing" in portal.get(_path(lost, settings)).content.decode()
    assert "Recreate package" in _page(portal, lost)


def test_a_file_that_is_back_is_offered_again(store, lost, portal, settings):
    portal.get(_path(lost, settings))
    store.save(lost.package.stored_as, [b"x"])
    assert _tidy_up(hours=2) == 0
    assert not Package.objects.missing().exists()
    assert "Recreate package" not in _page(portal, lost)


def test_where_nothing_is_there_at_all_nothing_expires_by_itself(store, built, portal, settings):
    request = built()
    store.delete(request.package.stored_as)
    portal.get(_path(request, settings))
    assert _tidy_up(hours=2) == 0
    assert "Is the disk mounted?" in _check()


def test_a_store_in_which_all_is_well_says_so(store, built):
    built()
    told = json.loads(_check(json=True))
    assert (told["packages"], told["files"], told["missing"], told["strays"]) == (1, 1, [], [])
    assert _check().endswith("No problems found.\n")


def test_check_store_tells_what_is_missing_and_what_was_left(store, lost, portal, submission, settings):
    running = requests.submit(submission(), ignore_cache=True)
    claim = transitions.claim(running.pk, "gone:1")
    left = new_name(running.pk, claim.attempt)
    store.save(left, [b"xyz"])
    PackageRequest.objects.filter(pk=running.pk).update(status=Status.FAILED)
    theirs = "ab/" + "ab" * 16 + ".zip"
    store.save(theirs, [b"x"])
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        told = json.loads(_check(json=True))
        assert [one["id"] for one in told["missing"]] == [str(lost.package.pk)]
        assert told["strays"] == [{"name": left, "bytes": 3}]
        assert [one["name"] for one in told["strangers"]] == [theirs]
        words = _check()
        assert lost.package.file_name in words
        assert "--repair" in words
        assert "Missing packages expired: 1. Leftover files deleted: 1." in _check(repair=True)
    assert not store.has(left)
    assert store.has(theirs)
    lost.refresh_from_db()
    assert lost.status == Status.EXPIRED
    assert portal.get(_path(lost, settings)).status_code == 410
    assert "No problems found" not in _check()  # the stranger's file is still told of
    assert "--repair" not in _check()


def test_a_store_that_cannot_be_read_ends_the_command_with_a_sentence(built, settings):
    built()
    folder = settings.PACKAGER_STORE_DIRECTORY
    folder.rename(folder.with_name("unmounted"))
    with pytest.raises(CommandError, match="not available"):
        _check(repair=True)
    assert not Package.objects.missing().exists()
