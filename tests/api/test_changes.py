"""``/api/v1/changes/``: what a data portal tells of its changes."""

from __future__ import annotations

import pytest

from packager.models import ResourceChange
from packager.security.api_keys import Scope
from tests.packager.conftest import run_tasks


@pytest.fixture
def teller(caller):
    """Has the scope for it, and the usual ones."""
    return caller(Scope.CHANGES, Scope.WRITE, Scope.READ)


def change(resource_id, **more):
    return {"routing_key": "Datastore", "operation": "changed", "payload": {"resource_id": resource_id}, **more}


def test_the_next_identical_request_is_built_anew(teller, body):
    def ask():
        made = teller.post("requests/", body).json()
        run_tasks()
        return teller.get(f"requests/{made['id']}/").json()

    first = ask()
    assert ask()["cached"]
    answer = teller.post("changes/", change(body["resource_id"]))
    assert (answer.status_code, answer.json()) == (202, {"changed": 1})
    assert ask()["package"]["created_at"] > first["package"]["created_at"]


def test_many_come_in_one_list(teller):
    assert teller.post("changes/", [change("a"), change("b"), change("a")]).json() == {"changed": 2}
    assert dict(ResourceChange.objects.values_list("resource_id", "number")) == {"a": 1, "b": 1}
    assert set(ResourceChange.objects.values_list("source", flat=True)) == {f"API key {teller.key}"}


def test_a_list_may_hold_a_thousand_and_no_more(teller):
    assert teller.post("changes/", [change("a")] * 1000).status_code == 202
    assert teller.post("changes/", [change("a")] * 1001).status_code == 400


def test_a_list_that_tells_of_nothing_is_refused(teller):
    answer = teller.post("changes/", [])
    assert (answer.status_code, answer.json()["field"]) == (400, "body")
    assert answer.json()["detail"] == "A call may contain 1 to 1,000 changes, but this one contains 0."


def test_a_thousand_whole_resources_fit_into_a_call(teller):
    shown = {"id": "a", "description": "x" * 2000}
    told = [{"routing_key": "Resource", "operation": "changed", "payload": shown}] * 1000
    assert teller.post("changes/", told).status_code == 202


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"routing_key": "Datastore", "operation": "changed", "payload": {}}, "payload.resource_id"),
        ({"operation": "changed", "payload": {"resource_id": "a"}}, "routing_key"),
        ({"routing_key": "Datastore", "operation": "changed", "payload": "a"}, "payload"),
        ({"routing_key": "Datastore", "operation": "changed", "payload": {"resource_id": "x" * 256}}, "payload"),
        ({"routing_key": "Package", "operation": "deleted", "payload": {"resources": "abc"}}, "payload.resources"),
        ({"routing_key": "Package", "operation": "deleted", "payload": {"resources": 7}}, "payload.resources"),
        ([{"routing_key": "Datastore", "operation": "changed", "payload": {"resource_id": "a"}}, []], "1"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_field(teller, body, field):
    answer = teller.post("changes/", body)
    assert answer.status_code == 400
    assert answer.json()["field"].startswith(field)


def test_it_takes_the_scope(api):
    assert api.post("changes/", change("a")).status_code == 403


def test_it_counts_as_a_call_of_the_key(teller, settings):
    settings.PACKAGER_THROTTLE_KEY = "1/min"
    assert [teller.post("changes/", change("a")).status_code for _ in range(2)] == [202, 429]
