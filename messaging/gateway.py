"""The gateway: takes requests from RabbitMQ and sends the outbox, two threads with a connection each."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.db.models import F
from django.utils import timezone

from messaging import consumer, incoming, topology
from messaging.consumer import Consumer, DeadLetter, Delivered, Outcome, Reports
from messaging.errors import MessagingError
from messaging.incoming import CannotBeAnswered, Incoming
from messaging.models import Gateway
from messaging.pauses import Found
from messaging.sender import Sender
from packager.lifecycle import dispatch
from packager.models import PackageRequest

log = logging.getLogger(__name__)
#: Seconds between two signs of life.
INTERVAL = 5
#: What was saved this long ago, at most, may have been saved by a gateway that died before it handed it over.
RECENT = timedelta(minutes=10)


def run() -> None:
    """Run until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    # each statement gives the interpreter to the other thread, which keeps it for 5 ms if it has something to do
    sys.setswitchinterval(0.0005)
    hand_over_what_was_left()
    Running(stop).run()


def hand_over_what_was_left() -> None:
    """Hand requests to the clusters that were saved, but perhaps not handed over, by a gateway that died."""
    recent = {"status": "queued", "queued_at__gt": timezone.now() - RECENT, "api_key__name": incoming.KEY_NAME}
    dispatch.enqueue(PackageRequest.objects.leading().filter(**recent))


class Running:
    """A gateway while it runs."""

    def __init__(self, stop: threading.Event) -> None:
        now = timezone.now()
        self._stop, self._away = stop, threading.Event()
        Gateway.objects.filter(seen_at__lt=now - timedelta(minutes=1)).delete()
        self._row = Gateway.objects.create(
            host=socket.gethostname(), pid=os.getpid(), started_at=now, seen_at=now, since=now
        )
        self._counted = {"received": 0, "dead": 0}
        self._found = Found()
        self._sender = Sender(str(self._row), stop, seconds=settings.MESSAGING_STOP_SECONDS, found=self._found)

    def run(self) -> None:
        """Consume and send until it is stopped."""
        reports = Reports(self._connected, self._lost, self._count)
        taker = Consumer(
            settings.MESSAGING_INPUT_QUEUE,
            self._take,
            topology.declare_gateway,
            self._stop,
            prefetch=settings.MESSAGING_PREFETCH,
            reports=reports,
            idle=self._sign,
            found=self._found,
        )
        threads = [
            threading.Thread(target=run, name=name) for run, name in ((taker.run, "take"), (self._sender.run, "send"))
        ]
        for thread in threads:
            thread.start()
        while all(thread.is_alive() for thread in threads):
            threads[0].join(0.5)
        # one that ended by a fault of ours takes the other with it: half a gateway looks alive and is not
        self._stop.set()
        for thread in threads:
            thread.join()
        self._row.delete()

    def _take(self, message: Delivered) -> Outcome:
        self._sign()
        given = message.properties
        asked = Incoming(message.body, message.routing_key, given.headers or {}, given.reply_to, given.correlation_id)
        try:
            incoming.take(asked)
        except CannotBeAnswered as why:
            headers = {"reason": str(why), "routing_key": message.routing_key}
            return Outcome((DeadLetter(settings.MESSAGING_DEAD, incoming.without_key(message.body), given, headers),))
        except incoming.DATABASE_AWAY as error:
            log.warning("the database cannot be used (%s); the request is put back", str(error).strip())
            close_old_connections()
            return Outcome(put_back=True)
        except Exception:  # it stays in the queue until we are mended; others are served meanwhile
            log.exception("a request cannot be taken and is put back")
            return Outcome(put_back=True)
        self._sender.knock.set()
        return Outcome()

    # ------------------------------------------------------------ signs of life

    def _connected(self) -> None:
        consumer.log_connected(self._away)
        self._note(connected=True, since=timezone.now())

    def _lost(self, error: MessagingError) -> None:
        if not self._away.is_set():
            self._note(connected=False, since=timezone.now())
        consumer.log_lost(self._away, error)

    def _count(self, outcome: Outcome) -> None:
        self._counted["received"] += not outcome.put_back
        self._counted["dead"] += len(outcome.dead)

    def _sign(self) -> None:
        blocked, before = self._sender.blocked_since, self._row.blocked_since
        if (blocked is None) != (before is None):
            _log_blocked(blocked)
        elif timezone.now() - self._row.seen_at < timedelta(seconds=INTERVAL):
            return
        close_old_connections()  # not before each message: it costs a query
        self._row.seen_at, self._row.blocked_since = timezone.now(), blocked
        self._note(seen_at=self._row.seen_at, blocked_since=blocked)

    def _note(self, **changes: Any) -> None:
        counted, self._counted = self._counted, {"received": 0, "dead": 0}
        numbers = {name: F(name) + count for name, count in counted.items()}
        try:
            Gateway.objects.filter(pk=self._row.pk).update(**changes, **numbers, sent=self._sender.sent)
        except (DatabaseError, InterfaceError):
            close_old_connections()  # the next sign of life tells it


def _log_blocked(since: datetime | None) -> None:
    if since:
        log.warning("RabbitMQ takes no messages; it may be short of memory or disk. They wait until it does.")
    else:
        log.info("RabbitMQ takes messages again.")
