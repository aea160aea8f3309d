"""Sends the outbox to RabbitMQ: what is confirmed counts as sent. Tells of progress, too, while the broker is there."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pika
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection
from django.utils import timezone

from messaging import responses, topology
from messaging.connection import Channel, connect, our_errors
from messaging.errors import BrokerRefuses, MessagingError
from messaging.models import Conversation, Lease
from messaging.pauses import Found, Pauses
from packager.delivery import outbox
from packager.models import Delivery, Status

log = logging.getLogger(__name__)
#: How long a gateway may be silent until another one sends in its place.
LEASE = timedelta(seconds=5)
#: A confirm takes a millisecond; after so long it does not come.
BLOCKED_AFTER = timedelta(seconds=3)
#: Seconds between two looks at the outbox, unless somebody knocks.
LOOK_SECONDS = 0.2


def properties(message: outbox.Message) -> pika.BasicProperties:
    """The properties of a message of the outbox."""
    return pika.BasicProperties(
        content_type="application/json",
        headers=message.get("headers"),
        message_id=message.get("message_id"),
        correlation_id=message.get("correlation_id"),
        timestamp=int(time.time()),
        app_id="packaging-portal",
        type=message.get("type"),
        delivery_mode=2 if message.get("lasting", True) else 1,
    )


def publish(channel: Channel, message: outbox.Message) -> None:
    """Publish one message; returns when the broker has confirmed it. Raises BrokerAway, BrokerRefuses."""
    body = json.dumps(message["body"], ensure_ascii=False).encode()
    with topology.refusals("exchange", message["exchange"]):
        channel.basic_publish(message["exchange"], message["routing_key"], body, properties(message))


class Sender:
    """Empties the outbox until ``stop`` is set, and then while ``seconds`` last.

    ``knock`` is set by whoever knows that there is something to send. ``name`` tells gateways apart; ``found`` is
    shared with others who wait for the same broker.
    """

    def __init__(self, name: str, stop: threading.Event, *, seconds: float = 0, found: Found | None = None) -> None:
        self._name, self._stop, self._seconds = name, stop, seconds
        self._pauses, self._refused = Pauses(stop, found), ""
        self.knock = threading.Event()
        self.sent = 0
        self._unconfirmed: datetime | None = None
        self._renew_at = timezone.now()
        self._told: dict[int, tuple[int, int]] = {}
        self._progress_at = 0.0

    def run(self) -> None:
        """Send until it is stopped, and then what is left."""
        while not self._stop.is_set():
            try:
                self._send(self._stop.is_set)
            except (MessagingError, DatabaseError) as error:
                close_old_connections()
                if isinstance(error, DatabaseError):  # who takes requests says that the broker is away
                    log.warning("the outbox cannot be read: %s", type(error).__name__)
                self._pauses.wait()
        until = time.monotonic() + self._seconds
        with suppress(MessagingError, DatabaseError):
            self._send(lambda: time.monotonic() > until or not self._batch_left())
        with suppress(DatabaseError):
            Lease.objects.filter(name="outbox", holder=self._name).delete()
        connection.close()

    def _batch_left(self) -> bool:
        return Delivery.objects.outbox(responses.CHANNEL).exists()

    def _send(self, over: Callable[[], bool]) -> None:
        link = connect(name="packaging-portal outbox")
        try:
            with our_errors():
                channel = link.channel()
                topology.declare_gateway(channel)
                channel.confirm_delivery()
                self._pauses.found.times += 1
                while not over():
                    self._round(channel)
                    link.process_data_events(time_limit=0)
        finally:
            with suppress(Exception):
                link.close()

    def _round(self, channel: Channel) -> None:
        if not self._holds_lease():
            self._stop.wait(1)
            return
        self.knock.clear()
        count = outbox.send_waiting(responses.CHANNEL, lambda message: self._publish(channel, message))
        self.sent += count
        self._pauses.over()
        self._tell_progress(channel)
        if not count:
            self.knock.wait(LOOK_SECONDS)

    def _publish(self, channel: Channel, message: outbox.Message) -> None:
        self._unconfirmed = self._unconfirmed or timezone.now()
        try:
            publish(channel, message)
        except BrokerRefuses as error:
            if error.message != self._refused:
                log.error("%s The outbox waits until that is mended.", error.message)
            self._refused = error.message
            raise
        self._unconfirmed, self._refused = None, ""

    @property
    def blocked_since(self) -> datetime | None:
        """Since when nothing has been confirmed that was published: a broker short of memory or disk takes nothing."""
        since = self._unconfirmed
        return since if since and timezone.now() - since > BLOCKED_AFTER else None

    def _holds_lease(self) -> bool:
        """Whether this gateway is the one that sends; the others would mix up the order."""
        now = timezone.now()
        # not at each look: a write to SQLite waits for those who take requests, and they for it
        if now < self._renew_at:
            return True
        held = self._lease(now)
        self._renew_at = now + LEASE / 2 if held else now
        return held

    def _lease(self, now: datetime) -> bool:
        mine: dict[str, Any] = {"holder": self._name, "until": now + LEASE}
        free = Lease.objects.filter(name="outbox")
        if free.filter(holder=self._name).update(**mine) or free.filter(until__lt=now).update(**mine):
            return True
        if free.exists():
            return False
        Lease.objects.bulk_create([Lease(name="outbox", **mine)], ignore_conflicts=True)
        return free.filter(holder=self._name).exists()

    def _tell_progress(self, channel: Channel) -> None:
        every = settings.MESSAGING_PROGRESS_SECONDS
        if not every or time.monotonic() < self._progress_at + every:
            return
        self._progress_at = time.monotonic()
        running = Conversation.objects.filter(request__status=Status.RUNNING) | Conversation.objects.filter(
            request__status=Status.QUEUED, request__leader__status=Status.RUNNING
        )
        told = {}
        for conversation in running.select_related("request__leader")[:500]:
            assert conversation.request is not None
            build = conversation.request.building
            told[conversation.pk] = (build.rows_done, build.bytes_done)
            if told[conversation.pk] != self._told.get(conversation.pk, (0, 0)):
                self._publish(channel, responses.message(conversation, responses.progress(conversation.request))[1])
        self._told = told
