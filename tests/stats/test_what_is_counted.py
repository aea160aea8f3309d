"""Which events count as what, in the records and in the totals."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from uuid import uuid4

import pytest

from packager import events
from stats import queries
from stats.models import DailySum, ErrorRecord, RequestRecord
from tests.stats.happenings import MOMENT, built, downloaded, failed, served

pytestmark = pytest.mark.django_db


def test_requests_served_are_counted_per_resource_and_in_all():
    served("birds")
    served("birds", email="other@example.com")
    served("fish")
    totals = queries.totals()
    assert {name: entry["requests"] for name, entry in totals.items()} == {"*": 3, "birds": 2, "fish": 1}


def test_a_cached_package_counts_as_a_request_served():
    served(cached=True)
    assert queries.totals()["birds"]["requests"] == 1
    assert DailySum.objects.get().cached == 1


def test_failures_are_counted_as_errors_and_not_as_requests():
    failed("birds")
    assert queries.totals() == {
        "*": {"emails": 0, "requests": 0, "errors": 1},
        "birds": {"emails": 0, "requests": 0, "errors": 1},
    }


def test_addresses_are_counted_once_per_resource_and_once_in_all():
    for resource_id, email in [("birds", "a@x.org"), ("birds", "A@X.org"), ("fish", "a@x.org"), ("fish", "b@x.org")]:
        served(resource_id, email=email)
    totals = queries.totals()
    assert {name: entry["emails"] for name, entry in totals.items()} == {"*": 2, "birds": 1, "fish": 2}


def test_only_addresses_that_were_served_are_counted():
    failed(email="unlucky@example.com")
    served(email="")
    assert queries.totals()["*"] == {"emails": 0, "requests": 1, "errors": 1}


def test_accepted_and_cancelled_requests_count_for_nothing():
    common = {"at": MOMENT, "request_id": uuid4(), "resource_id": "r", "ckan_host": "", "format": "csv", "email": ""}
    events.publish(events.RequestAccepted(**common, queue="fast", cached=False))
    events.publish(events.RequestCancelled(**common))
    assert queries.totals() == {"*": {"emails": 0, "requests": 0, "errors": 0}}


def test_totals_of_one_resource_have_that_entry_only():
    served("birds")
    served("fish")
    assert list(queries.totals("birds")) == ["birds"]
    assert queries.totals("*") == {"*": {"emails": 1, "requests": 2, "errors": 0}}
    assert queries.totals("unheard of") == {}


def test_a_request_entry_says_who_what_when_how_many_rows_and_which_domain():
    served(email="Someone@Example.com", rows=23)
    assert queries.requests() == [
        {
            "email": "Someone@Example.com",
            "resource_id": "birds",
            "timestamp": int(MOMENT.timestamp()),
            "count": 23,
            "domain": "example.com",
        }
    ]


def test_a_file_has_no_count():
    served(rows=None)
    assert queries.requests()[0]["count"] is None


def test_an_error_entry_says_who_what_when_and_why():
    failed(message="The data portal did not answer in time.")
    assert queries.errors() == [
        {
            "email": "someone@example.com",
            "resource_id": "birds",
            "timestamp": int(MOMENT.timestamp()),
            "message": "The data portal did not answer in time.",
        }
    ]


@pytest.mark.parametrize(("tell", "ask"), [(served, queries.requests), (failed, queries.errors)])
def test_entries_come_newest_first_and_in_pages_of_a_hundred(tell, ask):
    for minute in range(102):
        tell(f"r{minute}", email="", at=MOMENT + timedelta(minutes=minute))
    assert [entry["resource_id"] for entry in ask(offset=1, limit=2)] == ["r100", "r99"]
    assert len(ask()) == 100


@pytest.mark.parametrize(("tell", "ask"), [(served, queries.requests), (failed, queries.errors)])
def test_entries_can_be_filtered_by_resource_and_by_address(tell, ask):
    tell("birds", email="a@x.org")
    tell("fish", email="a@x.org")
    tell("fish", email="b@x.org")
    assert [entry["email"] for entry in ask(resource_id="birds")] == ["a@x.org"]
    assert len(ask(email="A@X.org")) == 2
    assert ask(resource_id="birds", email="b@x.org") == []


def test_the_time_of_the_build_is_kept_with_the_request_it_was_made_for():
    request_id = uuid4()
    built(request_id, seconds=2.5)
    served(request_id=request_id)
    served()
    assert sorted(RequestRecord.objects.values_list("seconds", flat=True), key=str) == [2.5, None]


def test_builds_and_downloads_are_summed_by_day_and_format():
    built(seconds=1.5, rows=4)
    built(seconds=2.0, rows=None, format="xlsx")
    downloaded(size=700)
    downloaded(size=300)
    assert list(DailySum.objects.order_by("format").values_list("format", "builds", "built_rows", "build_seconds")) == [
        ("csv", 1, 4, 1.5),
        ("xlsx", 1, 0, 2.0),
    ]
    day = queries.per_day()[0]
    assert (day["day"], day["downloads"], day["bytes"], day["builds"]) == (date(2026, 3, 1), 2, 1000, 2)


def test_a_day_is_a_day_of_utc():
    served(at=datetime(2026, 3, 2, 0, 30, tzinfo=timezone(timedelta(hours=2))))
    served(at=datetime(2026, 3, 2, 0, 30, tzinfo=UTC))
    assert [(entry["day"], entry["requests"]) for entry in queries.per_day()] == [
        (date(2026, 3, 1), 1),
        (date(2026, 3, 2), 1),
    ]
    assert [entry["day"] for entry in queries.per_day(since=date(2026, 3, 2))] == [date(2026, 3, 2)]


def test_domains_are_counted_the_busiest_first():
    for email in ["a@x.org", "A@x.org", "b@x.org", "a@y.org", ""]:
        served(email=email)
    assert queries.domains() == [
        {"domain": "x.org", "requests": 3, "emails": 2},
        {"domain": "y.org", "requests": 1, "emails": 1},
    ]


def test_resources_are_ranked_by_requests():
    served("fish")
    served("birds")
    served("birds", at=MOMENT + timedelta(days=1))
    assert [(entry["resource_id"], entry["requests"]) for entry in queries.per_resource()] == [
        ("birds", 2),
        ("fish", 1),
    ]


def test_text_beyond_ascii_is_kept():
    failed("vögel", email="jürgen@müller.example", message="Größe ≠ 0")
    assert ErrorRecord.objects.get().message == "Größe ≠ 0"
    assert queries.errors(email="jürgen@müller.example")[0]["resource_id"] == "vögel"
