"""A receiver that fails, or takes its time, costs neither the others nor the mails theirs."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from packager.delivery import deliveries, webhook
from packager.errors import DeliveryDeferred
from packager.models import Delivery, Receiver, Status
from tests.packager.conftest import run_tasks
from tests.packager.rows import make

SICK, WELL = "https://sick.example.org/hook", "https://well.example.org/hook"


class Internet:
    """Takes the place of the Internet: which hosts are sick, and which calls were made."""

    def __init__(self) -> None:
        self.sick = {SICK}
        self.calls: list[str] = []

    def post(self, url: str, *_: object) -> int:
        self.calls.append(url)
        if url in self.sick:
            raise DeliveryDeferred("HTTP 503")
        return 204


@pytest.fixture
def internet(monkeypatch, portal) -> Internet:
    found = Internet()
    monkeypatch.setattr(webhook, "_post", found.post)
    return found


def tell(*urls: str) -> list[Delivery]:
    """News for the receivers at these addresses."""
    rows = [make(1, Status.FAILED, webhook_url=url, email="", error_code="internal")[0] for url in urls]
    deliveries.announce([(row, Delivery.Subject.FAILED) for row in rows])
    run_tasks()
    return list(Delivery.objects.filter(request__in=rows).order_by("pk"))


def later(start: datetime, **time: float) -> None:
    with time_machine.travel(start + timedelta(**time)):
        deliveries.send_due()
        run_tasks()


def test_a_host_that_fails_is_left_alone_for_a_while_and_the_others_are_not(internet):
    tell(SICK, SICK, SICK, WELL, SICK)
    assert internet.calls.count(SICK) == 1
    assert internet.calls.count(WELL) == 1
    # what was not tried is not counted
    assert sorted(Delivery.objects.filter(address=SICK).values_list("attempts", flat=True)) == [0, 0, 0, 1]


def test_the_pauses_grow_and_one_call_tries(internet):
    start = timezone.now()
    tell(*[SICK] * 20)
    for minute in range(1, 121):
        later(start, minutes=minute)
    assert 4 < internet.calls.count(SICK) < 12
    pause = Receiver.objects.get().next_attempt_at - start
    assert timedelta(minutes=60) < pause <= timedelta(minutes=181)


def test_all_go_out_once_the_host_answers(internet):
    start = timezone.now()
    tell(*[SICK] * 5)
    internet.sick.clear()
    for minute in (1, 2, 3):
        later(start, minutes=minute)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
    assert not Receiver.objects.exists()


def test_a_host_that_failed_for_a_day_is_stopped_and_tried_once_a_day(internet, settings):
    settings.PACKAGER_DELIVERY_HOURS = 1000
    start = timezone.now()
    tell(SICK)
    Receiver.objects.update(failing_since=start - timedelta(hours=25))
    later(start, minutes=2)
    assert Receiver.objects.get().stopped
    before = len(internet.calls)
    with time_machine.travel(start + timedelta(hours=1)):
        told = tell(SICK, WELL)
    assert [row.state for row in told] == ["failed", "sent"]
    assert "more than a day" in told[0].error
    assert len(internet.calls) == before + 1
    internet.sick.clear()
    with time_machine.travel(start + timedelta(hours=30)):
        assert [row.state for row in tell(SICK)] == ["sent"]
    assert not Receiver.objects.exists()


def test_an_answer_that_refuses_is_an_answer(internet, monkeypatch):
    monkeypatch.setattr(webhook, "_post", lambda *_: 404)
    tell(SICK)
    assert not Receiver.objects.exists()


def under_way(url: str, seconds: float) -> None:
    """A call that another worker has been making for so long."""
    now = timezone.now()
    (row,) = make(1, Status.FAILED, webhook_url=url, email="")
    times = {"created_at": now, "next_attempt_at": now, "claimed_at": now - timedelta(seconds=seconds)}
    Delivery.objects.create(request=row, channel="webhook", subject="failed", address=url, state="sending", **times)


def test_calls_that_take_long_leave_a_worker_to_the_mails(internet, settings):
    settings.PACKAGER_MAIL_WORKERS = 3
    start = timezone.now()
    under_way(WELL, 5)
    (sent,) = tell("https://third.example.org/")
    assert sent.state == "sent"
    under_way("https://fourth.example.org/", 5)
    (waits,) = tell("https://third.example.org/")
    assert (waits.state, waits.attempts) == ("pending", 0)
    Delivery.objects.filter(state="sending").update(state="sent")
    later(start, minutes=1)
    waits.refresh_from_db()
    assert waits.state == "sent"


def test_two_calls_at_a_time_to_a_host_that_takes_its_time(internet, settings):
    settings.PACKAGER_MAIL_WORKERS = 10
    under_way(WELL, 5)
    assert tell(WELL)[0].state == "sent"
    under_way(WELL, 5)
    assert tell(WELL)[0].state == "pending"
    assert tell("https://third.example.org/")[0].state == "sent"
