"""A file is deleted only when nobody owns it: left-behind ones after a day, those of strangers never."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.db import OperationalError, connections
from django.utils import timezone

from packager import events
from packager.errors import StoreError
from packager.lifecycle import builds, maintenance, requests, strays, transitions
from packager.models import Delivery, Package, PackageRequest, Status
from packager.storage import stores
from packager.storage.names import build_of, new_name


@pytest.fixture(params=["folder", "object storage"])
def store(request, portal):
    """The store that the portal uses; nothing is in it."""
    if request.param == "object storage":
        request.getfixturevalue("object_storage")
    return stores.default()


def _names(store):
    return {kept.name for kept in store.listing()}


def _tidy_up(**later):
    with time_machine.travel(timezone.now() + timedelta(**later)):
        maintenance.expire_packages()


def _left_behind(store, request_id, attempt):
    name = new_name(request_id, attempt)
    store.save(name, [b"x"])
    return name


def test_the_name_of_a_file_tells_the_build_that_made_it(built):
    request = built()
    assert build_of(request.package.stored_as) == (request.pk, request.attempt)
    assert build_of("ab/" + "ab" * 16 + ".zip") is None


def test_what_a_worker_left_that_died_between_file_and_row_goes_after_a_day(store, portal, submission):
    request = requests.submit(submission())
    claim = transitions.claim(request.pk, "gone:1")
    name = _left_behind(store, request.pk, claim.attempt)
    builds.give_up(claim, StoreError())
    _tidy_up(hours=20)
    assert _names(store) == {name}
    _tidy_up(hours=25)
    assert _names(store) == set()


def test_what_a_package_owns_stays(store, built):
    request = built()
    _tidy_up(days=3)
    assert _names(store) == {request.package.stored_as}


def test_what_is_left_of_an_expired_package_goes(store, built):
    request = built()
    Package.objects.update(deleted_at=timezone.now())
    _tidy_up(hours=25)
    assert _names(store) == set()
    assert request.package.stored_as


def test_files_of_strangers_stay(store, portal, submission):
    request = requests.submit(submission())
    theirs = {
        _left_behind(store, uuid.uuid4(), 1),
        # a copy of this database never saw the attempt
        _left_behind(store, request.pk, request.attempt + 1),
    }
    old = "ab/" + "ab" * 16 + ".zip"
    store.save(old, [b"x"])
    _tidy_up(days=6)
    assert _names(store) == {*theirs, old}


def test_the_file_of_a_build_that_still_runs_stays(store, portal, submission):
    request = requests.submit(submission())
    claim = transitions.claim(request.pk, "here:1")
    name = _left_behind(store, request.pk, claim.attempt)
    _tidy_up(days=2)
    assert _names(store) == {name}


def test_that_nobody_owns_it_is_looked_up_anew_for_each(store, built):
    name = built().package.stored_as
    assert strays.discard(name) is False
    assert _names(store) == {name}
    Package.objects.all().delete()
    assert strays.discard(name) is True
    assert _names(store) == set()


@pytest.fixture
def commit_fails(monkeypatch):
    """A function after which the commit that saves a package fails, once: before the database heard of it, or after."""

    def arrange(*, heard):
        connection = connections["default"]
        commit = connection._commit

        def fail():
            if not Package.objects.exists():
                commit()
                return
            monkeypatch.setattr(connection, "_commit", commit)
            if heard:
                commit()
            raise OperationalError("server closed the connection unexpectedly")

        monkeypatch.setattr(connection, "_commit", fail)

    return arrange


@pytest.fixture
def heard():
    """The events that are told, by their kind."""
    kinds = []

    def listen(event):
        kinds.append(type(event))

    events.listen(listen)
    yield kinds
    events.unlisten(listen)


def test_a_package_whose_commit_was_heard_but_not_answered_is_there(store, portal, submission, commit_fails, heard):
    request = requests.submit(submission())
    commit_fails(heard=True)
    builds.build_next(request.queue)
    request.refresh_from_db()
    assert (request.status, request.error_code) == (Status.SUCCEEDED, "")
    assert _names(store) == {request.package.stored_as}
    told = [kind for kind in heard if kind is not events.ResourceNamed]
    assert told == [events.RequestAccepted, events.PackageBuilt, events.RequestServed]
    assert portal.get(request.download_url.removeprefix("http://portal.test")).status_code == 200
    assert [delivery.subject for delivery in Delivery.objects.all()] == [Delivery.Subject.READY]


def test_a_package_whose_commit_was_not_heard_is_saved_once_more(store, portal, submission, commit_fails, heard):
    request = requests.submit(submission())
    commit_fails(heard=False)
    builds.build_next(request.queue)
    request.refresh_from_db()
    assert (request.status, Package.objects.count()) == (Status.SUCCEEDED, 1)
    assert _names(store) == {request.package.stored_as}
    assert heard.count(events.PackageBuilt) == 1


@pytest.fixture
def impatient(settings):
    """Builds that wait for no database."""
    settings.PACKAGER_STALE_AFTER = -1


@pytest.mark.usefixtures("impatient")
def test_a_package_whose_commit_is_never_heard_leaves_no_file(store, portal, submission, commit_fails, heard):
    request = requests.submit(submission())
    commit_fails(heard=False)
    builds.build_next(request.queue)
    request.refresh_from_db()
    assert (request.status, Package.objects.count()) == (Status.FAILED, 0)
    assert _names(store) == set()
    assert events.PackageBuilt not in heard


@pytest.mark.usefixtures("impatient")
def test_a_file_stays_while_nobody_can_say_whose_it_is(store, portal, submission, commit_fails, monkeypatch):
    def away(name):
        raise OperationalError("the database is gone")

    request = requests.submit(submission())
    monkeypatch.setattr(strays, "discard", away)
    commit_fails(heard=False)
    builds.build_next(request.queue)
    assert PackageRequest.objects.get().status == Status.FAILED
    assert len(_names(store)) == 1
    monkeypatch.undo()
    _tidy_up(hours=25)
    assert _names(store) == set()
