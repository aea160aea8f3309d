"""Retrying, cancelling, sending again and forgetting thousands: the same rules, a handful of queries."""

from __future__ import annotations

import pytest
from django.db import IntegrityError
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from packager import events
from packager.errors import Conflict
from packager.lifecycle import bulk, personal_data, requests, transitions
from packager.lifecycle.operations import Cancel, Rebuild, Resend, Retry
from packager.lifecycle.personal_data import Forget
from packager.models import Delivery, PackageRequest, RequestHistory, Status
from stats.models import Requester, RequestRecord
from tests.packager.conftest import run_tasks
from tests.packager.rows import make


def chosen(rows: list[PackageRequest]):
    return PackageRequest.objects.filter(pk__in=[row.pk for row in rows])


def states() -> dict[str, int]:
    found = list(PackageRequest.objects.values_list("status", flat=True))
    return {state: found.count(state) for state in set(found)}


@pytest.mark.parametrize("count", [3, 400])
@pytest.mark.parametrize(
    ("operation", "before", "after"),
    [
        (lambda rows: bulk.many(Retry("grace"), rows), Status.FAILED, Status.QUEUED),
        (lambda rows: bulk.many(Cancel("grace", tell=True), rows), Status.RUNNING, Status.CANCELLED),
        (lambda rows: bulk.many(Resend(), rows), Status.SUCCEEDED, Status.SUCCEEDED),
        (lambda rows: bulk.many(Forget(), rows), Status.SUCCEEDED, Status.SUCCEEDED),
    ],
    ids=["retry", "cancel", "resend", "forget"],
)
def test_many_take_no_more_queries_than_few(portal, django_assert_max_num_queries, operation, before, after, count):
    rows = chosen(make(count, before))
    with django_assert_max_num_queries(20):
        tally = operation(rows)
    assert (len(tally.done), tally.left) == (count, 0)
    assert states() == {after: count}


def told_and_written() -> list[object]:
    """What an operation left behind, but for times."""
    history = RequestHistory.objects.values_list("from_status", "to_status", "actor", "note")
    deliveries = Delivery.objects.values_list("channel", "subject", "address")
    tasks = [SignedPackage.loads(queued.payload)["func"] for queued in OrmQ.objects.all()]
    return [sorted(history), sorted(deliveries), sorted(set(tasks)), states()]


@pytest.mark.parametrize(
    ("one", "many", "before"),
    [
        (lambda pk: requests.retry(pk, actor="grace"), lambda rows: bulk.many(Retry("grace"), rows), Status.FAILED),
        (
            lambda pk: requests.cancel(pk, actor="grace", tell=True),
            lambda rows: bulk.many(Cancel("grace", tell=True), rows),
            Status.RUNNING,
        ),
        (requests.resend, lambda rows: bulk.many(Resend(), rows), Status.SUCCEEDED),
    ],
    ids=["retry", "cancel", "resend"],
)
def test_one_is_changed_and_told_as_many_are(portal, monkeypatch, one, many, before):
    heard: list[type] = []
    monkeypatch.setattr(events, "publish", lambda event: heard.append(type(event)))
    left = []
    for do in (lambda row: one(row.pk), lambda row: many(chosen([row]))):
        for model in (OrmQ, PackageRequest):
            model.objects.all().delete()
        do(make(1, before, webhook_url="https://hooks.example.org/x")[0])
        left.append([*told_and_written(), list(heard)])
        heard.clear()
    assert left[0] == left[1]


@pytest.mark.parametrize(
    ("one", "many", "wrong"),
    [
        (requests.retry, lambda rows: bulk.many(Retry("grace"), rows), Status.SUCCEEDED),
        (requests.cancel, lambda rows: bulk.many(Cancel("grace", tell=True), rows), Status.FAILED),
        (requests.resend, lambda rows: bulk.many(Resend(), rows), Status.CANCELLED),
    ],
    ids=["retry", "cancel", "resend"],
)
def test_one_is_refused_where_many_are_left(portal, one, many, wrong):
    (row,) = make(1, wrong)
    with pytest.raises(Conflict):
        one(row.pk)
    assert many(chosen([row])) == bulk.Tally([], 1)


@pytest.mark.parametrize("error", [IntegrityError, transitions.StateChanged])
def test_if_somebody_else_is_faster_with_one_the_others_are_still_done(portal, monkeypatch, error):
    rows, original = make(3, Status.FAILED), transitions.requeue

    def taken(found, actor, *, leader):
        if rows[1].pk in {row.pk for row in found}:
            raise error
        original(found, actor, leader=leader)

    monkeypatch.setattr(transitions, "requeue", taken)
    tally = bulk.many(Retry("grace"), chosen(rows))
    assert (set(tally.done), tally.left) == ({rows[0].pk, rows[2].pk}, 1)
    assert states() == {Status.QUEUED: 2, Status.FAILED: 1}


def test_a_broker_that_is_away_keeps_nothing_from_being_saved(portal, monkeypatch):
    def away(*_, **__):
        raise ConnectionError

    monkeypatch.setattr("packager.lifecycle.dispatch.async_task", away)
    monkeypatch.setattr("packager.delivery.deliveries.async_task", away)
    bulk.many(Retry("grace"), chosen(make(3, Status.FAILED)))
    bulk.many(Cancel("grace", tell=True), chosen(make(1, Status.RUNNING, fingerprint="other")))
    assert states()[Status.QUEUED] == 3
    assert Delivery.objects.filter(state="pending").count() == 1


def test_of_those_that_ask_for_the_same_one_leads_and_the_others_follow(portal):
    rows = make(3, Status.FAILED, fingerprint="same")
    bulk.many(Retry("grace"), chosen(rows))
    leaders = [row.leader_id for row in PackageRequest.objects.order_by("created_at", "pk")]
    assert leaders.count(None) == 1
    assert len(set(leaders)) == 2


def test_those_that_are_in_no_state_for_it_are_left(portal):
    rows = make(2, Status.FAILED) + make(1, Status.SUCCEEDED, fingerprint="other")
    tally = bulk.many(Retry("grace"), chosen(rows))
    assert (len(tally.done), tally.left) == (2, 1)
    assert states() == {Status.QUEUED: 2, Status.SUCCEEDED: 1}


def test_a_request_whose_key_is_gone_is_not_retried(portal):
    rows = make(1, Status.FAILED, key_used=True)
    assert bulk.many(Retry("grace"), chosen(rows)).left == 1


def test_the_history_says_who_it_was(portal):
    bulk.many(Cancel("grace", tell=True), chosen(make(1, Status.RUNNING)))
    line = RequestHistory.objects.get()
    assert (line.from_status, line.to_status, line.actor) == ("running", "cancelled", "grace")


def test_who_did_not_cancel_is_told_by_mail_and_webhook(portal):
    make(1, Status.RUNNING, webhook_url="https://hooks.example.org/x")
    bulk.many(Cancel("grace", tell=True), PackageRequest.objects.all())
    told = Delivery.objects.values_list("channel", "subject", "address").order_by("channel")
    assert list(told) == [
        ("email", "cancelled", "ada@example.org"),
        ("webhook", "cancelled", "https://hooks.example.org/x"),
    ]


def test_followers_of_cancelled_requests_go_on(portal):
    (leader,) = make(1, Status.RUNNING, fingerprint="same")
    make(2, Status.QUEUED, fingerprint="same", leader=leader)
    bulk.many(Cancel("grace", tell=True), chosen([leader]))
    waiting = PackageRequest.objects.filter(status=Status.QUEUED)
    assert waiting.filter(leader=None).count() == 1
    assert waiting.filter(leader__in=waiting).count() == 1


def test_what_was_retried_is_built(built, portal, ckan):
    request = built()
    PackageRequest.objects.update(status=Status.FAILED, package=None)
    bulk.many(Retry("grace"), chosen([request]))
    run_tasks()
    request.refresh_from_db()
    assert request.status == Status.SUCCEEDED


def test_mails_are_sent_again(built, portal, mailoutbox):
    request = built()
    mailoutbox.clear()
    bulk.many(Resend(), chosen([request]))
    run_tasks()
    assert [mail.to for mail in mailoutbox] == [["ada@example.org"]]


def test_nothing_is_sent_again_where_there_is_no_news(portal):
    (request,) = make(1, Status.CANCELLED)
    with pytest.raises(Conflict):
        requests.resend(request.pk)


def test_a_rebuild_is_a_new_request_that_ignores_the_cache(built, portal):
    first = built()
    again = requests.rebuild(first.pk)
    run_tasks()
    again.refresh_from_db()
    assert again.pk != first.pk
    assert again.status == Status.SUCCEEDED
    assert not again.cached
    assert again.package_id != first.package_id


def test_many_are_rebuilt_by_the_cluster(built, portal):
    bulk.many(Rebuild(), chosen([built()]))
    run_tasks()
    assert states() == {Status.SUCCEEDED: 2}


def test_a_request_whose_key_is_gone_is_not_rebuilt(portal):
    (row,) = make(1, Status.FAILED, key_used=True)
    with pytest.raises(Conflict, match="no longer kept"):
        requests.rebuild(row.pk)
    assert bulk.many(Rebuild(), chosen([row])) == bulk.Tally([], 1)
    assert not OrmQ.objects.exists()


def test_forgetting_leaves_no_address_behind(built, portal):
    request = built(webhook_url="https://hooks.example.org/ada")
    bulk.many(Forget(), chosen([request]))
    request.refresh_from_db()
    assert (request.email, request.webhook_url, request.encrypted_key) == ("", "", "")
    assert set(Delivery.objects.values_list("address", flat=True)) == {""}
    assert not Delivery.objects.filter(state__in=["pending", "sending"]).exists()
    assert RequestRecord.objects.get().email == ""
    assert not Requester.objects.exists()


def test_somebody_with_other_requests_is_still_counted(built, portal):
    first = built()
    built(format="tsv")
    bulk.many(Forget(), chosen([first]))
    assert set(Requester.objects.values_list("email", flat=True)) == {"ada@example.org"}


def test_a_request_under_way_keeps_its_address(portal):
    rows = make(1, Status.QUEUED)
    assert bulk.many(Forget(), chosen(rows)).left == 1
    assert PackageRequest.objects.get().email == "ada@example.org"


@pytest.mark.parametrize(
    ("address", "shown"), [("ada@example.org", "•••@example.org"), ("", ""), ("$2b$12$hash", "•••")]
)
def test_a_masked_address_shows_its_domain_only(address, shown):
    assert personal_data.masked(address) == shown
