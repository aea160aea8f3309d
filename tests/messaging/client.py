"""A client that asks under many UUIDs and keeps what is answered, whatever happens to its own connection."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from typing import Any

import pika

LOST = (pika.exceptions.AMQPError, OSError)
ENDS = ("succeeded", "failed", "cancelled")


class Client:
    """Publishes requests with confirms; a thread of its own reads the responses. ``answers`` are times and bodies."""

    def __init__(self, url: str, prefix: str = "packager") -> None:
        self._parameters = pika.URLParameters(url)
        self._prefix, self._stop = prefix, threading.Event()
        self.sent: dict[str, float] = {}
        self.answers: dict[str, list[tuple[float, dict[str, Any]]]] = defaultdict(list)
        self.ids: dict[str, list[str]] = defaultdict(list)
        self._channel: Any = None
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Client:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def ask(self, uuid: str, body: dict[str, Any]) -> None:
        """Publish until it is confirmed; the time is that of the first try."""
        self.sent.setdefault(uuid, time.monotonic())
        properties = pika.BasicProperties(headers={"UUID": uuid}, delivery_mode=2)
        while True:
            try:
                if self._channel is None or not self._channel.is_open:
                    self._channel = pika.BlockingConnection(self._parameters).channel()
                    self._channel.confirm_delivery()
                self._channel.basic_publish(self._prefix, "request", json.dumps(body).encode(), properties, True)
                return
            except LOST:
                self._channel = None
                time.sleep(0.3)

    def _read(self) -> None:
        while not self._stop.is_set():
            try:
                with pika.BlockingConnection(self._parameters) as connection:
                    channel = connection.channel()
                    channel.basic_consume(f"{self._prefix}.responses", self._arrived)
                    while not self._stop.is_set():
                        connection.process_data_events(time_limit=0.2)
            except LOST:
                time.sleep(0.3)

    def _arrived(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        answer = json.loads(body)
        if properties.message_id not in self.ids[answer["uuid"]]:
            self.ids[answer["uuid"]].append(properties.message_id)
            self.answers[answer["uuid"]].append((time.monotonic(), answer))
        channel.basic_ack(method.delivery_tag)

    def delays(self, *statuses: str) -> list[float]:
        """Seconds from publishing to the first response of one of these kinds, sorted."""
        found = []
        for uuid, at in self.sent.items():
            times = [time for time, answer in self.answers[uuid] if answer["status"] in statuses]
            found += [times[0] - at] if times else []
        return sorted(found)

    def ended(self) -> int:
        """How many UUIDs have a final response."""
        return len(self.delays(*ENDS))
