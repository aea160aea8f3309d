"""``/api/v1/statistics/``: sums of days and resources, and nothing about persons."""

from __future__ import annotations

import pytest
from django.utils import timezone


@pytest.fixture
def told(staff, body, built):
    """What the statistics say after a request that was served and one that failed."""
    built()
    built(resource_id="unknown", email="grace@example.com")
    return lambda query="": staff.get(f"statistics/?{query}").json()


def test_totals_days_and_resources(told, ckan):
    statistics = told()
    assert statistics["totals"] == {"requests": 1, "errors": 1, "requesters": 1}
    (today,) = statistics["days"]
    assert today["day"] == timezone.now().date().isoformat()
    assert (today["requests"], today["errors"], today["rows"], today["builds"]) == (1, 1, 1000, 1)
    assert [entry["resource_id"] for entry in statistics["resources"]] == [ckan.resources["small"].id, "unknown"]
    named = [(entry["resource_title"], entry["dataset_title"]) for entry in statistics["resources"]]
    assert named == [("A thousand specimens", "Example specimens"), ("", "")]


def test_the_title_of_a_private_resource_is_not_told(staff, body, built, ckan):
    private = ckan.resources["private"].id
    assert built(resource_id=private, key=ckan.token).resource_title
    (entry,) = staff.get(f"statistics/?resource_id={private}").json()["resources"]
    assert (entry["requests"], entry["resource_title"], entry["dataset_title"]) == (1, "", "")


def test_one_resource_alone(told):
    statistics = told("resource_id=unknown")
    assert statistics["totals"] == {"requests": 0, "errors": 1, "requesters": 0}
    assert [entry["resource_id"] for entry in statistics["resources"]] == ["unknown"]
    assert told("resource_id=nobody-asked")["totals"] == {"requests": 0, "errors": 0, "requesters": 0}


def test_days_can_be_chosen(told):
    assert told("until=2000-01-01")["days"] == []
    assert len(told("since=2000-01-01")["days"]) == 1


def test_a_day_that_is_none_is_400(staff):
    answer = staff.get("statistics/?since=yesterday")
    assert (answer.status_code, answer.json()["field"]) == (400, "since")


def test_nothing_is_told_about_persons(told):
    assert "example" not in str(told())


def test_single_requests_are_listed_as_ckanpackager_did_and_without_addresses(told, caller):
    told()
    with_statistics = caller("statistics:read")
    (record,) = with_statistics.get("statistics/records/").json()
    assert (record["count"], record["email"]) == (1000, None)
    assert set(record) == {"email", "resource_id", "timestamp", "count", "domain"}
    assert with_statistics.get("statistics/records/?offset=1").json() == []
    refused = with_statistics.get("statistics/records/?email=ada@example.com")
    assert (refused.status_code, refused.json()["field"]) == (400, "email")


def test_the_addresses_of_single_requests_are_for_keys_that_see_everybody(told, staff):
    told()
    (record,) = staff.get("statistics/records/").json()
    assert "@" in record["email"]
    assert staff.get(f"statistics/records/?email={record['email']}").json() == [record]
    assert staff.get("statistics/records/?email=nobody@example.com").json() == []
