"""Publishes notifications for the workers of others, each confirmed by the broker."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any
from uuid import uuid4

import pika
from django.conf import settings

from messaging import sender, topology
from messaging.connection import Channel, connect, our_errors
from messaging.errors import BrokerAway


class Publisher:
    """Sends to the exchange ``ckan.site_id`` of ``config``, by default MESSAGING_SITE_ID. For one thread."""

    def __init__(self, config: Mapping[str, str] | None = None) -> None:
        self._exchange = (config or {}).get("ckan.site_id") or settings.MESSAGING_SITE_ID
        self._connection: pika.BlockingConnection | None = None
        self._channel: Channel | None = None

    def send(self, message: Mapping[str, Any], routing_key: str | None = None) -> None:
        """Send ``message``; returns when the broker has it.

        Args:
            message: the envelope ``routing_key``, ``operation``, ``payload``, or whatever is JSON.
            routing_key: that of AMQP; by default the envelope's.

        Raises:
            MessagingError: the broker cannot be used. After a doubtful try it may have the message all the same; the
                ``message_id`` is the same in each copy.
        """
        key = str(message.get("routing_key", "")) if routing_key is None else routing_key
        properties = sender.properties({"message_id": str(uuid4()), "type": message.get("operation")})
        body = json.dumps(message, ensure_ascii=False).encode()
        try:
            self._publish(key, body, properties)
        except BrokerAway:
            # a connection that nobody serves between two messages ends at some time
            self.close()
            self._publish(key, body, properties)

    def _publish(self, key: str, body: bytes, properties: pika.BasicProperties) -> None:
        if self._channel is None:
            self._connection = connect(name="packaging-portal publisher")
            with our_errors():
                self._channel = self._connection.channel()
                topology.exchange(self._channel, self._exchange, "ckan.site_id")
                self._channel.confirm_delivery()
        with our_errors():
            self._channel.basic_publish(self._exchange, key, body, properties)

    def close(self) -> None:
        """Close the connection. ``send`` would open another one."""
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()
        self._connection = self._channel = None

    def __enter__(self) -> Publisher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def get_publisher(config: Mapping[str, str] | None = None) -> Publisher:
    """A publisher; it connects when it first sends."""
    return Publisher(config)
