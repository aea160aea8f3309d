"""The room on the wire of others: requests and responses over AMQP, notifications and workers.

It listens to ``packager``, which does not know it. Without ``MESSAGING_URL`` it is off. For other programs:
``from messaging import Worker, get_publisher, publish``.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

OFFERED = {
    "MessagingError": "messaging.errors",
    "Worker": "messaging.worker",
    "get_publisher": "messaging.publisher",
    "publish": "messaging.listeners",
}


def __getattr__(name: str) -> Any:
    # loaded when it is asked for: tables and pika cannot, and need not, be there when Django lists its applications
    if name not in OFFERED:
        raise AttributeError(name)
    return getattr(import_module(OFFERED[name]), name)
