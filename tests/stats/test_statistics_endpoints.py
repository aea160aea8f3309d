"""``/statistics``, ``/statistics/requests`` and ``/statistics/errors`` as existing scripts call them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from stats.anonymise import hash_email
from tests.stats.happenings import MOMENT, failed, served

pytestmark = pytest.mark.django_db
PATHS = ["/statistics", "/statistics/requests", "/statistics/errors"]


@pytest.fixture
def ask(client, settings):
    """Posts a form with the right secret and returns the answer."""

    def post(path: str, **fields: object):
        return client.post(path, {"secret": settings.PACKAGER_SECRET, **fields})

    return post


def test_totals_carry_status_and_success(ask):
    served("birds")
    failed("fish")
    assert ask("/statistics").json() == {
        "status": True,
        "success": True,
        "totals": {
            "*": {"emails": 1, "requests": 1, "errors": 1},
            "birds": {"emails": 1, "requests": 1, "errors": 0},
            "fish": {"emails": 0, "requests": 0, "errors": 1},
        },
    }


def test_totals_of_one_resource_are_that_entry_only(ask):
    served("birds")
    served("fish")
    assert list(ask("/statistics", resource_id="fish").json()["totals"]) == ["fish"]


def test_an_empty_field_counts_as_absent(ask):
    served("birds")
    assert list(ask("/statistics", resource_id="").json()["totals"]) == ["*", "birds"]
    assert len(ask("/statistics/requests", offset="", limit="", email="").json()["requests"]) == 1


def test_requests_carry_success_and_status(ask):
    served(rows=7)
    entry = {
        "email": "someone@example.com",
        "resource_id": "birds",
        "timestamp": int(MOMENT.timestamp()),
        "count": 7,
        "domain": "example.com",
    }
    assert ask("/statistics/requests").json() == {"success": True, "status": True, "requests": [entry]}


def test_errors_carry_success_and_status(ask):
    failed(message="It failed.")
    entry = {
        "email": "someone@example.com",
        "resource_id": "birds",
        "timestamp": int(MOMENT.timestamp()),
        "message": "It failed.",
    }
    assert ask("/statistics/errors").json() == {"success": True, "status": True, "errors": [entry]}


@pytest.mark.parametrize(("kind", "tell"), [("requests", served), ("errors", failed)])
def test_records_come_newest_first_a_hundred_at_a_time(ask, kind, tell):
    for minute in range(101):
        tell(f"r{minute}", at=MOMENT + timedelta(minutes=minute))
    first = ask(f"/statistics/{kind}").json()[kind]
    assert [len(first), first[0]["resource_id"], first[-1]["resource_id"]] == [100, "r100", "r1"]
    page = ask(f"/statistics/{kind}", offset=99, limit=1).json()[kind]
    assert [entry["resource_id"] for entry in page] == ["r1"]
    assert ask(f"/statistics/{kind}", limit=0).json()[kind] == []


@pytest.mark.parametrize(("kind", "tell"), [("requests", served), ("errors", failed)])
def test_records_can_be_filtered(ask, kind, tell):
    tell("birds", email="a@x.org")
    tell("fish", email="b@x.org")
    assert [entry["email"] for entry in ask(f"/statistics/{kind}", resource_id="birds").json()[kind]] == ["a@x.org"]
    assert [entry["resource_id"] for entry in ask(f"/statistics/{kind}", email="b@x.org").json()[kind]] == ["fish"]


@pytest.mark.parametrize(("kind", "tell"), [("requests", served), ("errors", failed)])
def test_a_plain_address_finds_what_was_hashed(ask, settings, kind, tell):
    settings.PACKAGER_ANONYMIZE_EMAILS = True
    tell(email="someone@example.com")
    entries = ask(f"/statistics/{kind}", email="Someone@example.com").json()[kind]
    assert [entry["email"] for entry in entries] == [hash_email("someone@example.com")]


@pytest.mark.parametrize("path", ["/statistics/requests", "/statistics/errors"])
@pytest.mark.parametrize("field", ["offset", "limit"])
@pytest.mark.parametrize("value", ["-1", "1.5", "many", "٣", "1e3"])
def test_a_number_that_is_none_is_a_400_that_names_the_field(ask, path, field, value):
    answer = ask(path, **{field: value})
    assert answer.status_code == 400
    assert (answer.json()["status"], answer.json()["error"]) == ("failed", "BadRequestError")
    assert field in answer.json()["message"]


@pytest.mark.parametrize("value", ["9" * 30, str(2**63)])
def test_a_number_beyond_all_tables_is_no_fault(ask, value):
    served()
    assert ask("/statistics/requests", offset=value).json()["requests"] == []
    assert len(ask("/statistics/requests", limit=value).json()["requests"]) == 1


def test_json_does_as_well_as_a_form(client, settings):
    served("birds")
    served("fish")
    body = {"secret": settings.PACKAGER_SECRET, "offset": 0, "limit": 1, "resource_id": "birds"}
    answer = client.post("/statistics/requests", body, content_type="application/json")
    assert [entry["resource_id"] for entry in answer.json()["requests"]] == ["birds"]


@pytest.mark.parametrize("bad", [{"resource_id": 5}, {"email": ["a"]}, {"limit": True}, {"offset": {}}, {"limit": 1.5}])
def test_json_of_another_kind_is_a_400_that_names_the_field(client, settings, bad):
    body = {"secret": settings.PACKAGER_SECRET, **bad}
    answer = client.post("/statistics/requests", body, content_type="application/json")
    assert answer.status_code == 400
    assert next(iter(bad)) in answer.json()["message"]


def test_a_nul_character_is_a_400(ask):
    assert ask("/statistics", resource_id="a\0b").status_code == 400


def test_another_kind_of_statistics_is_unknown(ask):
    answer = ask("/statistics/weather")
    assert answer.status_code == 400
    assert answer.json()["message"] == "Unknown statistics request weather"


@pytest.mark.parametrize("path", [*PATHS, "/statistics/weather"])
@pytest.mark.parametrize("fields", [{}, {"secret": ""}, {"secret": "wrong", "limit": "many"}])
def test_the_secret_comes_before_everything_else(client, path, fields):
    answer = client.post(path, fields)
    assert answer.status_code == 401
    assert answer.json()["error"] == "NotAuthorizedError"
    assert answer.json()["message"] == "Wrong/missing secret"


@pytest.mark.parametrize("path", PATHS)
def test_get_is_refused(client, path):
    assert client.get(path).status_code == 405
