"""Messages for other programs: nothing is told that did not happen, and nothing that happened stays untold."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from packager import events
from packager.delivery import deliveries, outbox
from packager.lifecycle import requests
from packager.models import Delivery, PackageRequest
from tests.packager.conftest import run_tasks
from tests.packager.fake_broker import Broker, Gone

STEPS = st.one_of(
    st.tuples(st.just("happens"), st.integers(0, 2), st.integers(1, 3)),
    st.tuples(st.just("undone"), st.integers(0, 2), st.integers(1, 3)),
    st.tuples(st.just("sent"), st.sampled_from([None, 0, 0.5, 1, 1.5, 2, 2.5]), st.integers(1, 4)),
)


@pytest.mark.django_db(transaction=True)
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.lists(STEPS, max_size=14))
def test_whatever_is_committed_undone_or_crashes(steps):
    Delivery.objects.all().delete()
    broker, happened, number = Broker(), [], 0
    for kind, what, count in steps:
        if kind == "sent":
            broker.goes_after = what
            with suppress(Gone):
                outbox.send_waiting("test", broker.send, count)
            continue
        try:
            with transaction.atomic():
                told = [{"about": what, "number": number + n} for n in range(count)]
                number += count
                outbox.put("test", [("somebody", message) for message in told])
                if kind == "undone":
                    raise Gone
        except Gone:
            continue
        happened += told
    broker.goes_after = None
    while outbox.send_waiting("test", broker.send, 5):
        pass
    copies = defaultdict(set)
    for message in broker.taken:
        copies[message["about"], message["number"]].add(message["message_id"])
    assert [{"about": about, "number": number} for about, number in copies] == happened
    assert all(len(ids) == 1 for ids in copies.values())
    assert len({*map(frozenset, copies.values())}) == len(copies)


def test_a_witness_writes_what_is_kept_or_undone_together_with_what_happened(portal, submission):
    def put_down(happened):
        outbox.put("test", [("somebody", {"what": type(event).__name__}) for event in happened])

    events.witness(put_down)
    try:
        with transaction.atomic():
            requests.submit(submission())
            transaction.set_rollback(True)
        assert not Delivery.objects.filter(channel="test").exists()
        requests.submit(submission())
        run_tasks()
    finally:
        events.unlisten(put_down)
    told = [row.message["what"] for row in Delivery.objects.outbox("test")]
    assert told == ["RequestAccepted", "PackageBuilt", "RequestServed"]


def test_a_witness_that_fails_undoes_what_happened(portal, submission):
    def refuse(happened):
        raise Gone

    events.witness(refuse)
    try:
        with pytest.raises(Gone):
            requests.submit(submission())
    finally:
        events.unlisten(refuse)
    assert not PackageRequest.objects.exists()


def test_the_clusters_leave_messages_to_the_process_of_their_channel(portal):
    outbox.put("test", [("somebody", {})])
    assert deliveries.send_due() == 0
    run_tasks()
    assert Delivery.objects.outbox("test").count() == 1


def test_messages_that_were_sent_are_deleted_after_a_day(portal):
    outbox.put("test", [("somebody", {}), ("somebody", {})])
    outbox.send_waiting("test", lambda message: None, most=1)
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert outbox.tidy() == 1
    assert Delivery.objects.outbox("test").count() == 1


def test_the_news_of_a_request_reach_an_address_in_order(portal, submission):
    request = requests.submit(submission())
    for subject in (Delivery.Subject.CANCELLED, Delivery.Subject.CANCELLED):
        with transaction.atomic():
            deliveries.announce([(request, subject)])
    first, second = Delivery.objects.order_by("pk")
    deliveries.deliver(second.pk)
    assert not mail.outbox
    deliveries.deliver(first.pk)
    deliveries.deliver(second.pk)
    assert len(mail.outbox) == 2
