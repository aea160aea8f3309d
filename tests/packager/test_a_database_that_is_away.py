"""While the portal's own database is locked or away, nothing is half done, and everybody is told when to come back."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client

from packager.lifecycle import builds, patience, requests, transitions
from packager.models import PackageRequest, Status
from packager.security import api_keys, sites
from tests.packager.conftest import run_tasks

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="locks a file")


@pytest.fixture
def locked(portal):
    """A context in which somebody else holds the database."""

    @contextmanager
    def hold():
        with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as other:
            connection.cursor().execute("PRAGMA busy_timeout = 50")
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")

    return hold


def test_a_request_of_the_contract_is_not_taken_and_told_when_to_come_back(post, locked):
    with locked():
        answer = post()
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    told = answer.json()
    assert (told["status"], told["success"], told["error"]) == ("failed", False, "ServiceUnavailable")
    assert not PackageRequest.objects.exists()
    assert post().status_code == 200


def test_a_call_of_the_api_gets_problem_details(portal, ckan, locked):
    key = api_keys.issue("a program").text
    body = {"api_url": ckan.api_url, "resource_id": ckan.id("small")}
    with locked():
        answer = portal.post(
            "/api/v1/requests/", body, content_type="application/json", headers={"Authorization": f"Bearer {key}"}
        )
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "unavailable"
    assert not PackageRequest.objects.exists()


def test_a_page_says_it_as_well(built, monkeypatch):
    def away(*_):
        raise OperationalError("the server closed the connection")

    request = built()
    monkeypatch.setattr("packager.requester.views.query_summary", away)
    answer = Client(raise_request_exception=False).get(f"/requests/{request.token}/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert b"the server closed" not in answer.content


def test_the_portal_is_not_ready(portal, locked):
    assert portal.get("/readyz").json()["database"] == "ok"
    with locked():
        answer = portal.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "failed")


@pytest.fixture
def fails(monkeypatch):
    """Makes a step fail a few times, as it does while the database is away."""
    monkeypatch.setattr(patience, "PAUSE", 0.01)

    def arrange(name, error, times=3):
        real, left = getattr(transitions, name), [times]

        def step(*args, **kwargs):
            if left[0]:
                left[0] -= 1
                raise error("away")
            return real(*args, **kwargs)

        monkeypatch.setattr(transitions, name, step)

    return arrange


@pytest.fixture
def sites_away(monkeypatch):
    """Makes it fail, so many times, to say which CKAN sites are served."""

    def arrange(error, times):
        real, left = sites.CkanSite.objects.filter, [times]

        def ask(**conditions):
            if left[0]:
                left[0] -= 1
                raise error("away")
            return real(**conditions)

        monkeypatch.setattr(sites.CkanSite.objects, "filter", ask)
        monkeypatch.setattr(patience, "PAUSE", 0.01)

    return arrange


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_where_it_alone_could_say_what_may_be_read_nothing_may(post, sites_away, settings, error):
    settings.PACKAGER_CKAN_HOSTS = []
    sites_away(error, times=1)
    public = "https://data.example.org/api/3/action/datastore_search"
    answer = post(api_url=public)
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert not PackageRequest.objects.exists()
    assert post(api_url=public).status_code == 200


def test_what_the_settings_name_may_be_read_and_nothing_else(post, sites_away):
    sites_away(OperationalError, times=2)
    assert post().status_code == 200
    assert post(api_url="https://data.example.org/api/3/action/datastore_search").status_code == 400


def test_a_build_waits_until_it_says_what_may_be_read(portal, submission, ckan, sites_away, settings):
    settings.PACKAGER_CKAN_HOSTS = []
    sites.CkanSite.objects.create(name="ours", url=ckan.url)
    request = requests.submit(submission())
    sites_away(OperationalError, times=3)
    builds.build_next(request.queue)
    request.refresh_from_db()
    assert request.status == Status.SUCCEEDED


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
@pytest.mark.parametrize("step", ["report", "succeed", "hand_over"])
def test_a_build_waits_for_it(built, fails, settings, step, error):
    settings.PACKAGER_SLOW_REQUEST = 10
    fails(step, error)
    request = built()
    assert (request.status, request.package.rows) == (Status.SUCCEEDED, 1000)


def test_a_failure_is_noted_when_it_is_back(built, fails, ckan):
    fails("fail", OperationalError)
    assert built(resource_id="unknown").error_code == "resource_not_found"


def test_the_heartbeat_goes_on_when_it_is_back(portal, submission, fails, settings, ckan):
    settings.PACKAGER_HEARTBEAT = 0.05
    fails("report", InterfaceError, times=5)
    ckan.faults.add("slow", seconds=1)
    request = requests.submit(submission())
    builds.build_next(request.queue)
    request.refresh_from_db()
    assert request.heartbeat_at > request.started_at


def test_one_that_stays_away_ends_the_build_as_what_it_is(portal, submission, fails, settings):
    settings.PACKAGER_STALE_AFTER = -1
    fails("succeed", OperationalError, times=1)
    request = requests.submit(submission())
    run_tasks()
    request.refresh_from_db()
    assert (request.status, request.error_code) == (Status.FAILED, "unavailable")
