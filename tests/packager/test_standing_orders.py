"""A package is built again when its data change, or by the clock, until nobody wants it any more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.core import mail
from django.utils import timezone

from packager.errors import Conflict
from packager.lifecycle import bulk, changes, personal_data, standing_orders
from packager.models import Package, PackageRequest, StandingOrder, Status
from tests.packager.conftest import run_tasks

Every, State = StandingOrder.Every, StandingOrder.State


@pytest.fixture
def first(built):
    """A request that has its package."""
    return built()


def days_later(days):
    return time_machine.travel(timezone.now() + timedelta(days=days))


def build(days=0):
    with days_later(days):
        count = standing_orders.build_due()
        run_tasks()
    return count


def test_a_change_of_the_data_builds_it_again_once_they_have_settled(first):
    standing_orders.place(first, Every.CHANGE)
    assert build(days=40) == 0
    changes.resource_changed(first.resource_id, source="a test")
    changes.resource_changed(first.resource_id, source="a test")
    assert build() == 0
    assert build(days=0.01) == 1
    assert build(days=0.02) == 0
    again = PackageRequest.objects.exclude(pk=first.pk).get()
    assert (again.status, again.email, again.package != first.package) == (Status.SUCCEEDED, first.email, True)


def test_changes_of_other_data_do_not(first):
    standing_orders.place(first, Every.CHANGE)
    changes.resource_changed("another", source="a test")
    changes.resource_changed(first.resource_id, "elsewhere.example", source="a test")
    assert build(days=1) == 0


@pytest.mark.parametrize(
    ("every", "next_time"),
    [
        (Every.NIGHT, datetime(2026, 3, 2, 2, tzinfo=UTC)),
        (Every.WEEK, datetime(2026, 3, 8, 2, tzinfo=UTC)),
        (Every.MONTH, datetime(2026, 4, 1, 2, tzinfo=UTC)),
        (Every.CHANGE, None),
    ],
)
def test_the_clock(every, next_time):
    assert standing_orders.next_time(every, datetime(2026, 3, 1, 15, 30, tzinfo=UTC)) == next_time


def test_by_the_clock_it_is_built_past_the_cache(first):
    standing_orders.place(first, Every.NIGHT)
    assert build(days=1.1) == 1
    assert Package.objects.count() == 2


def test_the_mail_says_what_is_new(first):
    standing_orders.place(first, Every.NIGHT)
    Package.objects.update(rows=7, data_sha256="other")
    build(days=1.1)
    told = mail.outbox[-1]
    assert "Rows before: 7, now: 1,000" in told.body
    assert "The data has changed" in told.body
    assert "Rows before: 7, now: 1,000" in told.alternatives[0][0]
    assert "What is new" not in mail.outbox[0].body


@pytest.mark.parametrize("format", ["csv", "xlsx", "jsonl", "dwca"])
def test_the_mail_says_so_when_nothing_has_changed(built, format):
    standing_orders.place(built(format=format), Every.NIGHT)
    build(days=1.1)
    one, other = Package.objects.all()
    assert one.sha256 != other.sha256
    assert "Rows before: 1,000, now: 1,000" in mail.outbox[-1].body
    assert "The data is unchanged" in mail.outbox[-1].body
    assert "The data is unchanged" in mail.outbox[-1].alternatives[0][0]


def test_as_many_other_rows_are_a_change(first, ckan):
    standing_orders.place(first, Every.NIGHT)
    table = ckan.resources["small"].table
    table.deleted.add(5)
    table.rows += 1
    build(days=1.1)
    table.deleted.clear()
    table.rows -= 1
    assert "Rows before: 1,000, now: 1,000" in mail.outbox[-1].body
    assert "The data has changed" in mail.outbox[-1].body


def test_of_packages_without_a_checksum_of_their_data_the_mail_says_neither(first):
    standing_orders.place(first, Every.NIGHT)
    Package.objects.update(data_sha256="")
    build(days=1.1)
    assert "Rows before" in mail.outbox[-1].body
    assert "The data " not in mail.outbox[-1].body


def test_it_stops_when_nobody_downloaded_three_in_a_row(first, portal):
    order = standing_orders.place(first, Every.NIGHT)
    assert [build(days=day) for day in (1.1, 2.2)] == [1, 1]
    newest = PackageRequest.objects.order_by("-created_at").first()
    portal.get(newest.download_url.removeprefix("http://portal.test"))
    assert [build(days=day) for day in (3.3, 4.4, 5.5, 6.6)] == [1, 1, 1, 0]
    order.refresh_from_db()
    assert (order.state, order.why_ended) == (State.ENDED, standing_orders.NOT_DOWNLOADED)
    assert build(days=7.7) == 0


def test_one_that_is_still_under_way_is_not_asked_for_again(first):
    standing_orders.place(first, Every.NIGHT)
    with days_later(1.1):
        assert standing_orders.build_due() == 1
    with days_later(2.2):
        assert standing_orders.build_due() == 0
    assert PackageRequest.objects.count() == 2


def test_paused_it_waits_and_resumed_it_goes_on(first):
    order = standing_orders.place(first, Every.NIGHT)
    standing_orders.pause(order)
    assert build(days=1.1) == 0
    standing_orders.resume(order)
    assert build(days=1.1) == 1


def test_where_nobody_can_be_told_or_the_key_is_gone_there_is_none(built, ckan):
    with pytest.raises(Conflict, match="Nobody could be told"):
        standing_orders.place(built(email=""), Every.NIGHT)
    with pytest.raises(Conflict, match="private"):
        standing_orders.place(built(resource_id=ckan.resources["private"].id, key=ckan.token), Every.NIGHT)


def test_it_ends_when_the_address_is_deleted(first):
    order = standing_orders.place(first, Every.NIGHT)
    bulk.many(personal_data.Forget(), PackageRequest.objects.all())
    order.refresh_from_db()
    assert order.state == State.ENDED


def test_the_requesters_page_places_shows_and_ends_it(first, portal):
    page, button = f"/requests/{first.token}/", f"/requests/{first.token}/order"
    assert "Keep me up to date" in portal.get(page).content.decode()
    portal.post(button, {"every": "week"})
    assert "A new package is created every week" in portal.get(page).content.decode()
    assert "jede Woche" in portal.get(page, headers={"Accept-Language": "de"}).content.decode()
    portal.post(button, {"every": "nonsense"})
    assert StandingOrder.objects.get().state == State.ENDED or StandingOrder.objects.get().every == "week"
    portal.post(button)
    assert StandingOrder.objects.get().state == State.ENDED
    assert "You no longer get updates" in portal.get(page).content.decode()


def test_the_page_of_what_was_built_again_ends_it_too(first, portal):
    standing_orders.place(first, Every.NIGHT)
    build(days=1.1)
    again = PackageRequest.objects.exclude(pk=first.pk).get()
    portal.post(f"/requests/{again.token}/order")
    assert StandingOrder.objects.get().state == State.ENDED


def test_staff_see_pause_and_end_it(first, portal):
    standing_orders.place(first, Every.NIGHT)
    portal.force_login(get_user_model().objects.create_superuser("staff"))
    address = "/admin/packager/standingorder/"
    order = StandingOrder.objects.get()
    assert "every night" in portal.get(address).content.decode()
    for action, state in (("pause", State.PAUSED), ("resume", State.ACTIVE), ("end", State.ENDED)):
        portal.post(address, {"action": action, "_selected_action": [order.pk]})
        order.refresh_from_db()
        assert order.state == state
    assert order.why_ended == "Ended by staff."
