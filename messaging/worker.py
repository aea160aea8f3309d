"""Workers: what is to be done with notifications, and the chain that gives each notification to all of them."""

from __future__ import annotations

import json
import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import urllib3
from django.db import InterfaceError, OperationalError, close_old_connections

from messaging import topology
from messaging.config import WorkerConfig
from messaging.connection import Channel
from messaging.consumer import Consumer, DeadLetter, Delivered, Outcome, Reports, log_connected, log_lost
from messaging.errors import MessagingError

log = logging.getLogger(__name__)
#: Seconds that CKAN may take.
CKAN_SECONDS = 30


class Worker(ABC):
    """Does something with notifications. Override ``consume``.

    ``config`` holds the values of the options, the file and the environment: ``ckan.site_id``, ``ckan.site_url``,
    ``ckan.api_key`` and whatever else the section of the file says.
    """

    def __init__(self, config: Mapping[str, str] | None = None) -> None:
        self.config: Mapping[str, str] = config or {}

    @abstractmethod
    def consume(self, routing_key: str, operation: str, payload: Any) -> None:
        """Do it. Whatever is raised puts the message into the dead letters of this worker."""

    def ckan(self, action: str, **data: Any) -> Any:
        """The result of an action of CKAN's API at ``ckan.site_url``. Raises MessagingError if there is none."""
        url = f"{self.config.get('ckan.site_url', '').rstrip('/')}/api/3/action/{action}"
        key = self.config.get("ckan.api_key")
        try:
            answer = urllib3.request(
                "POST", url, json=data, headers={"Authorization": key} if key else {}, timeout=CKAN_SECONDS
            )
            return answer.json()["result"]
        except (urllib3.exceptions.HTTPError, ValueError, KeyError, TypeError) as error:
            raise MessagingError(f"{action} of CKAN failed: {type(error).__name__}") from None


class Chain:
    """Gives every message of a queue to every worker, in order, until ``stop`` is set.

    Args:
        workers: by name.
        config: queue, exchange and broker.
        stop: ends it after the message at hand.
        dead: consume the dead letters again, once each, instead of the queue.
    """

    def __init__(
        self, workers: Mapping[str, Worker], config: WorkerConfig, stop: threading.Event, *, dead: bool = False
    ) -> None:
        self._workers, self._config, self._stop, self._dead = workers, config, stop, dead
        self._left = 0
        self._away = threading.Event()

    def run(self) -> None:
        """Consume until it is stopped, or (dead letters) until none of those that were there is left."""
        name = self._config.dead_letters if self._dead else self._config.queue
        reports = Reports(lambda: log_connected(self._away), lambda error: log_lost(self._away, error))
        Consumer(name, self._handle, self._prepare, self._stop, urls=self._config.urls, reports=reports).run()

    def _prepare(self, channel: Channel) -> None:
        config = self._config
        topology.exchange(channel, config.site_id, "ckan.site_id")
        topology.queue(channel, config.queue, "queue.name")
        channel.queue_bind(config.queue, config.site_id, config.routing_key)
        topology.dead_letters(channel, config.dead_letters, "queue.name")
        if self._dead:
            self._left = channel.queue_declare(config.dead_letters, passive=True).method.message_count
            if not self._left:
                self._stop.set()

    def _handle(self, message: Delivered) -> Outcome:
        close_old_connections()
        try:
            return self._consumed(message)
        except (OperationalError, InterfaceError) as error:
            log.warning("the database cannot be used (%s); the message is put back", type(error).__name__)
            return Outcome(put_back=True)
        finally:
            self._count()

    def _count(self) -> None:
        if self._dead:
            self._left -= 1
            if self._left <= 0:
                self._stop.set()

    def _consumed(self, message: Delivered) -> Outcome:
        try:
            told = envelope(message.routing_key, message.body)
        except ValueError:
            return Outcome((self._letter(message, {"reason": "no JSON", "routing_key": message.routing_key}),))
        failed = []
        for name in self._wanted(message):
            try:
                self._workers[name].consume(*told)
            except (OperationalError, InterfaceError):
                raise
            except Exception as error:
                log.exception("worker %s failed on %s", name, told[0])
                headers = {"worker": name, "exception": type(error).__name__, "routing_key": message.routing_key}
                failed.append(self._letter(message, headers))
        return Outcome(tuple(failed))

    def _letter(self, message: Delivered, headers: dict[str, Any]) -> DeadLetter:
        return DeadLetter(self._config.dead_letters, message.body, message.properties, headers)

    def _wanted(self, message: Delivered) -> Sequence[str]:
        """All of them; of a dead letter the one that could not consume it."""
        failed = (message.properties.headers or {}).get("worker") if self._dead else None
        return [name for name in self._workers if failed in (None, name)]


def envelope(routing_key: str, body: bytes) -> tuple[str, str, Any]:
    """Routing key, operation and payload of a message; what is no envelope is the payload itself.

    Raises:
        ValueError: it is no JSON.
    """
    told = json.loads(body)
    if isinstance(told, dict) and {"routing_key", "operation", "payload"} <= set(told):
        return told["routing_key"], told["operation"], told["payload"]
    return routing_key, "", told
