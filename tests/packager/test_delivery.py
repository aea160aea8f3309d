"""Mail has its own retries: a mail server that is away loses nothing and rebuilds nothing."""

from __future__ import annotations

import socket
from datetime import timedelta

import pytest
import time_machine
from aiosmtpd.controller import Controller
from django.utils import timezone

from packager.delivery import deliveries
from packager.models import Delivery, Package
from tests.packager.conftest import run_tasks


class Sink:
    """An SMTP server's handler that keeps what it gets, or answers what it is told to."""

    def __init__(self):
        self.messages, self.answer = [], "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, server, session, envelope):
        self.messages.append(envelope)
        return "250 OK"


@pytest.fixture
def smtp(settings):
    """A real SMTP server, to which the portal sends."""
    sink = Sink()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(sink, hostname="127.0.0.1", port=port)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    yield sink
    server.stop()


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
