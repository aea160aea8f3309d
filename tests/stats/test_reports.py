"""The tables of the statistics pages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import User

from stats.buckets import series
from stats.reports import Span, report
from tests.stats.happenings import MOMENT, built, downloaded, failed, served

ALL = Span(date(2026, 1, 1), date(2026, 12, 31))


def row(kind: str, key: object, span: Span = ALL) -> dict[str, object]:
    (found,) = [row for row in report(kind, span) if row["key"] == key]
    return found


def test_a_resource_has_all_its_numbers(db):
    for email in ("ada@example.org", "ADA@example.org", "bob@example.org"):
        served(email=email, rows=10)
    failed()
    built(seconds=2.0)
    downloaded(size=700)
    served("fish")
    assert row("resource_id", "birds") == {
        "key": "birds", "requests": 3, "requesters": 2, "errors": 1, "rows": 30, "bytes": 700, "builds": 1,
        "median": 2.0, "p95": 2.0,
    }  # fmt: skip


def test_the_most_requested_comes_first(db):
    served("fish")
    served("birds")
    served("birds")
    assert [row["key"] for row in report("resource_id", ALL)] == ["birds", "fish"]


@pytest.mark.parametrize(
    ("count", "median", "p95"), [(1, 1.0, 1.0), (2, 1.0, 2.0), (5, 3.0, 5.0), (20, 10.0, 19.0), (100, 50.0, 95.0)]
)
def test_median_and_95th_percentile_are_those_of_the_nearest_rank(db, count, median, p95):
    for seconds in range(count, 0, -1):
        built(seconds=float(seconds))
    assert (row("format", "csv")["median"], row("format", "csv")["p95"]) == (median, p95)


@pytest.mark.parametrize(
    ("unit", "first"), [("day", date(2026, 3, 1)), ("week", date(2026, 2, 23)), ("month", date(2026, 3, 1))]
)
def test_periods_begin_on_their_first_day(db, unit, first):
    # MOMENT is a Sunday, the first of March
    for happen in (served, failed, built, downloaded):
        happen(at=MOMENT)
    found = row("period", first, Span(ALL.first, ALL.last, unit))
    assert (found["requests"], found["requesters"], found["errors"], found["median"]) == (1, 1, 1, 2.5)


def test_days_outside_the_span_do_not_count(db):
    for days in (-1, 0, 1):
        served(at=MOMENT + timedelta(days=days))
    day = MOMENT.date()
    assert [row["requests"] for row in report("resource_id", Span(day, day))] == [1]


def test_domains_tell_requests_people_and_errors(db):
    served(email="ada@example.org", size=100)
    served(email="bob@example.org", size=100)
    served(email="", size=100)
    failed(email="ada@example.org")
    (found,) = report("domain", ALL)
    assert {name: found[name] for name in ("key", "requests", "requesters", "errors", "bytes")} == {
        "key": "example.org", "requests": 2, "requesters": 2, "errors": 1, "bytes": 200,
    }  # fmt: skip


@pytest.mark.parametrize(("unit", "count"), [("day", 61), ("week", 10), ("month", 2)])
def test_a_plot_has_a_place_for_every_unit(unit, count):
    days = series(date(2026, 3, 1), date(2026, 4, 30), unit)
    assert len(days) == count
    assert days == sorted(set(days))


def test_a_csv_cannot_smuggle_formulas_into_a_spreadsheet(admin_client, db):
    served("=1+1", at=datetime.now(UTC))
    answer = admin_client.get("/admin/statistics/?export=csv")
    assert answer.content.decode().splitlines()[1].startswith("'=1+1,1,")


@pytest.mark.parametrize(
    "query", ["since=nonsense", "since=2026-13-45", "unit=century", "since=2030-01-01&until=2020-01-01"]
)
def test_a_query_that_makes_no_sense_is_answered_with_the_usual_days(admin_client, db, query):
    assert admin_client.get(f"/admin/statistics/periods/?{query}").status_code == 200


def test_staff_without_the_right_do_not_see_statistics(client, db):
    client.force_login(
        User.objects.create_user("eve", is_staff=True), backend="django.contrib.auth.backends.ModelBackend"
    )
    assert client.get("/admin/statistics/").status_code == 403
    assert client.get("/admin/statistics/resource/birds/").status_code == 403
    assert client.get("/admin/now/").status_code == 403
