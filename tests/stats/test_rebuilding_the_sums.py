"""Sums and requesters follow from the records."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command

from stats import queries
from stats.models import DailySum, OpeningBalance, Requester
from tests.stats.happenings import MOMENT, built, downloaded, failed, served

pytestmark = pytest.mark.django_db


def something_of_everything() -> None:
    for number in range(6):
        at = MOMENT + timedelta(hours=9 * number)
        served(f"r{number % 2}", email=f"P{number % 3}@x.org", at=at, cached=number == 3, rows=number or None)
        failed(f"r{number % 3}", at=at)
        built(resource_id=f"r{number % 2}", at=at, format="xlsx", seconds=0.5, rows=None)
        downloaded(resource_id="r0", at=at, size=number)


def derived() -> tuple[list[dict], list[tuple]]:
    names = ("day", "resource_id", "format", *DailySum.COUNTERS)
    return list(DailySum.objects.values(*names)), list(Requester.objects.values_list("resource_id", "email"))


def test_rebuilt_sums_equal_those_kept_event_by_event():
    something_of_everything()
    before = derived()
    call_command("rebuild_statistics")
    assert derived() == before


def test_lost_and_false_sums_are_put_right():
    something_of_everything()
    before = derived()
    DailySum.objects.filter(resource_id="r0").delete()
    DailySum.objects.update(requests=99, bytes=99)
    Requester.objects.create(resource_id="*", email="nobody@x.org")
    call_command("rebuild_statistics")
    assert derived() == before


def test_opening_balances_stay():
    OpeningBalance.objects.create(source="old", resource_id="*", requests=7)
    served()
    call_command("rebuild_statistics")
    assert queries.totals()["*"]["requests"] == 8
