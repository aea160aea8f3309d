"""Mail has its own retries: a mail server that is away loses nothing and rebuilds nothing."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes

import pytest
import time_machine
from django.utils import timezone

from packager.delivery import deliveries
from packager.models import Delivery, Package
from tests.packager import mail_server
from tests.packager.conftest import run_tasks


@pytest.fixture
def smtp(settings):
    """A real SMTP server, to which the portal sends."""
    with mail_server.serving(settings) as sink:
        yield sink


@pytest.fixture
def no_smtp(settings):
    """An address at which no mail server answers."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1


def test_the_mail_arrives_over_smtp_as_text_and_html(smtp, built):
    built()
    (envelope,) = smtp.messages
    assert envelope.rcpt_tos == ["ada@example.org"]
    content = envelope.content.decode()
    assert content.index("text/plain") < content.index("text/html")
    assert "multipart/alternative" in content


def test_a_mail_whose_sender_died_is_sent_again_under_the_same_id(smtp, built):
    request = built()
    Delivery.objects.update(state=Delivery.State.SENDING, claimed_at=timezone.now() - timedelta(hours=1))
    deliveries.send_due()
    run_tasks()
    deliveries.resend(Delivery.objects.get())
    run_tasks()
    ids = [message_from_bytes(envelope.content)["Message-ID"] for envelope in smtp.messages]
    assert ids[0] == ids[1] != ids[2]
    assert ids[0].endswith("@portal.test>")
    assert request.token not in "".join(ids)


def test_a_mail_server_that_is_down_for_an_hour_loses_and_rebuilds_nothing(no_smtp, built, settings, request):
    built()
    assert Delivery.objects.get().state == Delivery.State.PENDING
    start = timezone.now()
    for minutes in range(2, 60, 10):
        with time_machine.travel(start + timedelta(minutes=minutes)):
            deliveries.send_due()
            run_tasks()
    assert Delivery.objects.get().attempts > 2
    sink = request.getfixturevalue("smtp")
    with time_machine.travel(start + timedelta(minutes=95)):
        deliveries.send_due()
        run_tasks()
    assert Delivery.objects.get().state == Delivery.State.SENT
    assert len(sink.messages) == 1
    assert Package.objects.count() == 1


def test_a_mail_that_is_not_due_yet_is_not_sent(no_smtp, built):
    built()
    assert deliveries.send_due() == 0
    deliveries.deliver(Delivery.objects.get().pk)
    assert Delivery.objects.get().attempts == 1


@pytest.mark.parametrize(
    ("answer", "state"),
    [("550 no such user", Delivery.State.FAILED), ("450 mailbox busy", Delivery.State.PENDING)],
)
def test_a_refusal_for_good_ends_it_and_one_for_now_does_not(smtp, built, answer, state):
    smtp.answer = answer
    built()
    delivery = Delivery.objects.get()
    assert delivery.state == state
    assert "ada@" not in delivery.error


@pytest.mark.parametrize("refusal", ["550 you may not send", "553 who are you", "450 later"])
def test_a_refusal_of_the_sender_is_ours_to_put_right_and_loses_no_mail(smtp, built, refusal, caplog):
    smtp.to_sender = refusal
    built()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.error_code) == (Delivery.State.PENDING, "mail_misconfigured")
    assert "PACKAGER_EMAIL_FROM" in delivery.error
    assert any(r.levelname == "ERROR" and "PACKAGER_EMAIL_FROM" in r.getMessage() for r in caplog.records)
    smtp.to_sender = "250 OK"
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        deliveries.deliver(delivery.pk)
    assert len(smtp.messages) == 1


def test_after_long_enough_it_is_given_up(no_smtp, built, settings):
    built()
    with time_machine.travel(timezone.now() + timedelta(hours=settings.PACKAGER_DELIVERY_HOURS)):
        deliveries.deliver(Delivery.objects.get().pk)
    assert Delivery.objects.get().state == Delivery.State.FAILED


def test_a_delivery_whose_sender_died_is_sent_again(smtp, built):
    built()
    Delivery.objects.update(state=Delivery.State.SENDING, claimed_at=timezone.now() - timedelta(hours=1))
    deliveries.send_due()
    run_tasks()
    assert len(smtp.messages) == 2


def test_two_senders_never_send_the_same(smtp, built):
    built()
    delivery = Delivery.objects.get()
    deliveries.deliver(delivery.pk)
    assert len(smtp.messages) == 1
