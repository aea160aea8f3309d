"""Whoever makes many requests in somebody's name fills no mailbox: above so many an hour the news comes in one mail."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from packager.delivery import deliveries
from packager.lifecycle import requests
from packager.models import Delivery, PackageRequest, Status
from tests.packager import mail_server
from tests.packager.conftest import run_tasks
from tests.packager.rows import make


@pytest.fixture(autouse=True)
def limit(settings):
    settings.PACKAGER_MAILS_PER_ADDRESS = "3/hour"


def flood(count: int, address: str = "ada@example.org", **changes: object) -> list[PackageRequest]:
    """News about so many requests, sent as far as it may be."""
    rows = make(count, Status.FAILED, email=address, error_code="source_timeout", **changes)
    deliveries.announce([(row, Delivery.Subject.FAILED) for row in rows])
    run_tasks()
    return rows


def later(**time: int) -> None:
    with time_machine.travel(timezone.now() + timedelta(**time)):
        deliveries.send_due()
        run_tasks()


def test_above_the_limit_the_rest_comes_in_one_mail_an_hour_later(portal):
    rows = flood(12)
    assert len(mail.outbox) == 3
    assert Delivery.objects.filter(state="pending", together=True, attempts=0).count() == 9
    later(minutes=30)
    assert len(mail.outbox) == 3
    later(minutes=61)
    assert len(mail.outbox) == 4
    digest = mail.outbox[-1]
    assert digest.subject == "News about 9 requests"
    told = [row for row in rows if row.status_url in digest.body]
    assert len(told) == 9
    assert all(row.status_url in digest.alternatives[0].content for row in told)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


def test_a_digest_says_what_each_mail_would_have_said_and_can_be_stopped(portal):
    flood(3)
    flood(2, dataset_title="Birds", resource_title="of Peru")
    later(minutes=61)
    digest = mail.outbox[-1]
    assert digest.body.count("We couldn't create your package") == 2
    assert "Unsubscribe" in digest.body
    assert digest.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_digest_is_not_endless(portal):
    flood(80)
    later(minutes=61)
    assert digest_lines() == 50
    assert "And 27 more." in mail.outbox[-1].body


def digest_lines() -> int:
    return sum(line.startswith("- ") for line in mail.outbox[-1].body.splitlines())


def test_a_digest_is_in_the_language_of_its_requests(portal):
    flood(5, language="de")
    later(minutes=61)
    assert mail.outbox[-1].subject == "Neues zu 2 Anfragen"


def test_one_address_has_one_limit_however_it_is_written(portal):
    flood(3, "ada@example.org")
    flood(2, "Ada@Example.org")
    assert len(mail.outbox) == 3


def test_others_get_theirs(portal):
    flood(5)
    flood(2, "bea@example.org")
    assert [sent.to for sent in mail.outbox].count(["bea@example.org"]) == 2


def test_a_mail_that_did_not_go_out_does_not_count(portal, settings):
    with mail_server.serving(settings) as sink:
        sink.to_sender = "450 later"
        flood(3)
        sink.to_sender = "250 OK"
        flood(3, "ada@example.org")
        assert len(sink.messages) == 3


def test_a_digest_that_cannot_go_out_is_tried_again_whole(portal, settings):
    flood(5)
    with mail_server.serving(settings) as sink:
        sink.to_sender = "450 later"
        later(minutes=61)
        assert Delivery.objects.filter(state="pending", attempts=1).count() == 2
        sink.to_sender = "250 OK"
        later(minutes=70)
        assert len(sink.messages) == 1
    assert not Delivery.objects.exclude(state="sent").exists()


def test_who_has_unsubscribed_gets_no_digest_either(portal):
    from packager.delivery import unsubscribe
    from packager.security import encryption

    flood(5)
    unsubscribe.unsubscribe(encryption.address_marks("ada@example.org")[0])
    later(minutes=61)
    assert len(mail.outbox) == 3
    assert Delivery.objects.filter(state="stopped").count() == 2


def test_without_a_limit_each_mail_goes_out(portal, settings):
    settings.PACKAGER_MAILS_PER_ADDRESS = ""
    flood(30)
    assert len(mail.outbox) == 30


def test_the_requests_themselves_are_served_all_the_same(portal, submission):
    for number in range(5):
        requests.submit(submission(parameters={"limit": number + 1}))
    run_tasks()
    assert PackageRequest.objects.filter(status=Status.SUCCEEDED).count() == 5
    assert len(mail.outbox) == 3
