"""Publishes changes to a broker, on the exchange named by ``ckan.site_id``."""

from __future__ import annotations

import json
from typing import Any

import ckan.plugins.toolkit as tk

from ckanext.packaging_portal import settings

#: Seconds for each step on the way to the broker.
STEP = 2.0


def publish(envelopes: list[dict[str, Any]]) -> None:
    """Publish and wait until the broker has confirmed. Raises what pika raises, and ImportError without it."""
    import pika

    parameters = pika.URLParameters(str(settings.get("amqp_url") or ""))
    parameters.socket_timeout = parameters.stack_timeout = parameters.blocked_connection_timeout = STEP
    parameters.connection_attempts = 1
    exchange = str(tk.config["ckan.site_id"])
    with pika.BlockingConnection(parameters) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.exchange_declare(exchange, exchange_type="topic", durable=True)
        properties = pika.BasicProperties(content_type="application/json", delivery_mode=2)
        for envelope in envelopes:
            body = json.dumps(envelope, default=str).encode()
            channel.basic_publish(exchange, envelope["routing_key"], body, properties)
