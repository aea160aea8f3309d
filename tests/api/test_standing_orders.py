"""``/api/v1/requests/<id>/standing-order/``."""

from __future__ import annotations

import pytest

from tests.packager.conftest import run_tasks


@pytest.fixture
def made(api, body):
    """The id of a request with an address."""
    made = api.post("requests/", {**body, "email": "ada@example.org"}).json()["id"]
    run_tasks()
    return made


def call(api, method, made, body=None):
    address = f"/api/v1/requests/{made}/standing-order/"
    return getattr(api._client, method)(address, body, content_type="application/json")


def test_it_is_placed_seen_and_ended(api, made):
    assert call(api, "get", made).status_code == 404
    placed = call(api, "put", made, {"every": "night"})
    assert (placed.status_code, placed.json()["every"], placed.json()["state"]) == (200, "night", "active")
    assert call(api, "get", made).json() == placed.json()
    assert call(api, "delete", made).json()["state"] == "ended"


def test_what_cannot_be_is_refused(api, made, body):
    assert call(api, "put", made, {"every": "hour"}).json()["field"] == "every"
    nobody = api.post("requests/", body).json()["id"]
    assert call(api, "put", nobody, {"every": "night"}).status_code == 409


def test_somebody_elses_is_not_found(caller, made):
    assert call(caller(), "put", made, {"every": "night"}).status_code == 404
