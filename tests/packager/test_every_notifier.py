"""What every notifier promises, whichever way it tells people: see ``packager/delivery/base.py``."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from packager import plugins
from packager.delivery import deliveries
from packager.errors import DeliveryDeferred, DeliveryRefused
from packager.models import Delivery
from tests.packager import mail_server


class Mail:
    """Somebody with a mailbox."""

    channel, address = "email", "ada@example.org"
    answers = {"takes it": "250 OK", "not now": "450 mailbox busy", "never": "550 no such user"}

    def __init__(self, sink, settings):
        self._sink, self._settings = sink, settings

    def will(self, do):
        """Have the server answer so."""
        self._sink.answer = self.answers[do]

    def vanish(self):
        """Nobody listens any more."""
        self._settings.EMAIL_PORT = 1

    def received(self):
        """What came, as text."""
        return [envelope.content.decode() for envelope in self._sink.messages]


class Webhook:
    """Somebody whose server is called."""

    channel = "webhook"
    answers = {"takes it": 204, "not now": 503, "never": 410}

    def __init__(self, server, settings):
        self._server = server
        settings.PACKAGER_WEBHOOK_HOSTS = [server.host, "127.0.0.1"]
        self.address = server.url_for("/news")
        self.will("takes it")

    def will(self, do):
        """Have the server answer so."""
        self._server.clear_all_handlers()
        self._server.expect_request("/news").respond_with_data(status=self.answers[do])

    def vanish(self):
        """Nobody listens there."""
        Delivery.objects.update(address="http://127.0.0.1:1/news")

    def received(self):
        """What came, as text."""
        return [call.get_data(as_text=True) for call, answer in self._server.log if answer.status_code < 300]


@pytest.fixture(params=["email", "webhook"])
def receiver(request, settings):
    """Somebody to tell, reached in the way of one of our notifiers."""
    if request.param == "webhook":
        yield Webhook(request.getfixturevalue("httpserver"), settings)
        return
    with mail_server.serving(settings) as sink:
        yield Mail(sink, settings)


@pytest.fixture
def told(receiver, built):
    """A function that sends the news of a package to the receiver once, by the notifier alone."""
    package_request = built(email="", webhook_url="")
    now = timezone.now()
    Delivery.objects.create(
        request=package_request,
        subject=Delivery.Subject.READY,
        channel=receiver.channel,
        address=receiver.address,
        created_at=now,
        next_attempt_at=now,
    )

    def tell():
        deliveries.notifier_for(receiver.channel).send(Delivery.objects.get())

    tell.request = package_request
    return tell


def test_every_built_in_notifier_is_tried_here():
    channels = [notifier.channel for answer in plugins.ask("notifiers") for notifier in answer]
    assert channels == ["email", "webhook"]


def test_the_news_arrives_once_with_the_way_to_the_package(receiver, told):
    told()
    (news,) = receiver.received()
    assert told.request.download_url in news.replace("=\n", "").replace("\n", "")


def test_a_receiver_that_cannot_take_it_now_defers_it(receiver, told):
    receiver.will("not now")
    with pytest.raises(DeliveryDeferred):
        told()
    receiver.will("takes it")
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        told()
    assert len(receiver.received()) == 1


def test_a_receiver_that_never_takes_it_refuses_it(receiver, told):
    receiver.will("never")
    with pytest.raises(DeliveryRefused):
        told()
    assert receiver.received() == []


def test_a_receiver_that_is_away_defers_it(receiver, told):
    receiver.vanish()
    with pytest.raises(DeliveryDeferred):
        told()


@pytest.mark.parametrize("do", ["not now", "never"])
def test_what_is_kept_of_a_failure_names_neither_person_nor_link(receiver, told, do):
    receiver.will(do)
    with pytest.raises((DeliveryDeferred, DeliveryRefused)) as caught:
        told()
    kept = str(caught.value)
    assert "ada@" not in kept
    assert told.request.token not in kept
