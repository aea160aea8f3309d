"""Takes messages from a queue: one thread holds the connection, another does the work, so that heartbeats go on.

Messages are worked off one by one, in order. What becomes of one is said to the broker afterwards: dead letters are
published and confirmed, then it is acknowledged. A connection that is lost is made again for ever; what was not
acknowledged comes again.
"""

from __future__ import annotations

import logging
import queue
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pika
import pika.data

from messaging.connection import Channel, connect, our_errors
from messaging.errors import BrokerAway, MessagingError
from messaging.pauses import Found, Pauses

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message, and by which connection and under which number it came."""

    channel: Channel
    tag: int
    routing_key: str
    properties: Any
    body: bytes


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that nobody can use, for the exchange ``to``, with headers that say why."""

    to: str
    body: bytes
    properties: Any = None
    headers: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a message: acknowledged, after its dead letters; or put back, to come again after a pause."""

    dead: tuple[DeadLetter, ...] = ()
    put_back: bool = False


@dataclass(slots=True)
class Reports:
    """What an owner hears: connected, or why not any more; and each message with what became of it."""

    connected: Callable[[], None] = lambda: None
    lost: Callable[[MessagingError], None] = lambda error: None
    done: Callable[[Outcome], None] = lambda outcome: None


class Consumer:
    """Consumes one queue until ``stop`` is set.

    Args:
        name: of the queue.
        handle: does the work; runs in a thread of its own, one message at a time, and raises nothing.
        prepare: declares what is needed, at each connect.
        stop: ends ``run`` after the message at hand.
        prefetch: how many messages the broker gives ahead.
        urls: of the brokers; by default those of the settings.
        reports: who hears how it goes.
        idle: called now and then by the thread that does the work, when nothing is to be done.
        found: shared with others who wait for the same broker.
    """

    def __init__(
        self,
        name: str,
        handle: Callable[[Delivered], Outcome],
        prepare: Callable[[Channel], None],
        stop: threading.Event,
        *,
        prefetch: int = 20,
        urls: str = "",
        reports: Reports | None = None,
        idle: Callable[[], None] = lambda: None,
        found: Found | None = None,
    ) -> None:
        self._name, self._handle, self._prepare, self._stop = name, handle, prepare, stop
        self._prefetch, self._urls, self._reports, self._idle = prefetch, urls, reports or Reports(), idle
        self._work: queue.SimpleQueue[Delivered] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Delivered, Outcome]] = queue.SimpleQueue()
        self._connection: pika.BlockingConnection | None = None
        self._current: Channel | None = None
        self._over, self._busy = threading.Event(), threading.Event()
        self._pauses = Pauses(stop, found)

    def run(self) -> None:
        """Consume until it is stopped."""
        worker = threading.Thread(target=self._work_off, name="work", daemon=True)
        worker.start()
        while not self._stop.is_set() and worker.is_alive():
            try:
                self._consume(worker)
            except MessagingError as error:
                self._current = None
                self._reports.lost(error)
                self._pauses.wait()
        self._over.set()
        worker.join()

    def _consume(self, worker: threading.Thread) -> None:
        self._connection = connection = connect(self._urls)
        try:
            with our_errors():
                channel = connection.channel()
                channel.confirm_delivery()
                self._prepare(channel)
                channel.basic_qos(prefetch_count=self._prefetch)
                tag = channel.basic_consume(self._name, self._arrived)
                self._current = channel
                self._pauses.over()
                self._pauses.found.times += 1
                self._reports.connected()
                while not self._stop.is_set() and worker.is_alive():
                    connection.process_data_events(time_limit=1)
                    self._settle()
                channel.basic_cancel(tag)
                self._finish(connection)
        finally:
            with suppress(Exception):
                connection.close()

    def _finish(self, connection: pika.BlockingConnection) -> None:
        """The message at hand is finished and settled; what was fetched ahead goes back with the connection."""
        while not self._over.is_set() and self._busy.is_set():
            connection.process_data_events(time_limit=0.2)
        self._settle()

    def _arrived(self, channel: Channel, method: Any, properties: Any, body: bytes) -> None:
        self._work.put(Delivered(channel, method.delivery_tag, method.routing_key, properties, body))

    def _settle(self) -> None:
        with suppress(queue.Empty):
            while True:
                message, outcome = self._done.get_nowait()
                if message.channel is self._current:  # or the broker gave it to somebody else by now
                    _tell(message, outcome)
                self._reports.done(outcome)

    # ---------------------------------------------------- the thread that works

    def _work_off(self) -> None:
        pauses = Pauses(self._stop)
        while not self._stop.is_set():
            try:
                message = self._work.get(timeout=1)
            except queue.Empty:
                self._idle()
                continue
            if message.channel is not self._current or self._stop.is_set():
                continue
            self._busy.set()
            outcome = self._handle(message)
            pauses.wait() if outcome.put_back else pauses.over()
            self._done.put((message, outcome))
            self._busy.clear()
            self._wake()

    def _wake(self) -> None:
        with suppress(Exception):  # the connection is gone: nobody has to be woken
            assert self._connection is not None
            self._connection.add_callback_threadsafe(lambda: None)


def _tell(message: Delivered, outcome: Outcome) -> None:
    for letter in outcome.dead:
        old = letter.properties or pika.BasicProperties()
        old.headers = {name: _sendable(value) for name, value in (old.headers or {}).items()} | letter.headers
        old.delivery_mode = 2
        message.channel.basic_publish(letter.to, "", letter.body, old, mandatory=True)
    if outcome.put_back:
        message.channel.basic_nack(message.tag, requeue=True)
    else:
        message.channel.basic_ack(message.tag)


def _sendable(value: Any) -> Any:
    """A header as it came; None for one that pika reads and cannot write, such as a large number with a fraction."""
    try:
        pika.data.encode_value([], value)
    except (struct.error, RecursionError, pika.exceptions.AMQPError):
        return None
    return value


def log_lost(away: threading.Event, error: MessagingError) -> None:
    """One line when the broker goes, whatever happens until it is back (``log_connected``)."""
    if not away.is_set():
        away.set()
        why = "" if isinstance(error, BrokerAway) and not error.detail else f" {error.detail}"
        log.warning("%s%s Trying again until it can.", error.message, why and f" ({why.strip()})")


def log_connected(away: threading.Event) -> None:
    """One line when the broker is back."""
    if away.is_set():
        away.clear()
        log.info("RabbitMQ is back.")
