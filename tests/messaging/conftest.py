"""What the tests of messages share: a portal with a broker, and what it put into its outbox."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pika
import pytest

from messaging import gateway, listeners
from messaging.incoming import Incoming, take
from packager import events
from packager.models import Delivery
from tests.packager.conftest import _ckan, built, ckan, portal, run_tasks, submission
from tests.services import absent

__all__ = ["_ckan", "built", "ckan", "portal", "submission"]
SERVER = "127.0.0.1:5672"


@pytest.fixture
def names(settings: Any) -> Any:
    """Settings with exchanges and queues of this test's own."""
    own = uuid.uuid4().hex[:8]
    settings.MESSAGING_URL = "amqp://nobody:nothing@127.0.0.1:1/"
    settings.MESSAGING_EXCHANGE = f"packager-{own}"
    settings.MESSAGING_INPUT_QUEUE, settings.MESSAGING_OUTPUT_QUEUE = f"requests-{own}", f"responses-{own}"
    settings.MESSAGING_DEAD, settings.MESSAGING_SITE_ID = f"dead-{own}", f"portal-{own}"
    settings.MESSAGING_CKAN_SITE_ID = f"ckan-{own}"
    return settings


@pytest.fixture
def listening(portal: Any, names: Any) -> Iterator[Any]:
    """A portal that puts down what happens, as with MESSAGING_URL set; gives the settings."""
    events.witness(listeners.put_down)
    yield names
    events.unlisten(listeners.put_down)


@pytest.fixture
def body(ckan: Any) -> dict[str, Any]:
    """A request for the stand-in's small table."""
    return {"api_url": ckan.api_url, "resource_id": ckan.resources["small"].id}


@pytest.fixture
def ask(listening: Any) -> Callable[..., None]:
    """Takes a message: a body (or bytes) under a UUID."""

    def send(uuid: Any, body: Any, **properties: Any) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {} if uuid is None else {"UUID": uuid}
        take(Incoming(raw, **{"routing_key": "request", "headers": headers, **properties}))

    return send


def outgoing(**parts: Any) -> list[dict[str, Any]]:
    """What the outbox holds, sent or not; only responses, or ``key="Request"`` only such events."""
    key = parts.get("key")
    rows = [row.message for row in Delivery.objects.filter(channel="amqp").order_by("pk") if row.message]
    return [row for row in rows if (row["routing_key"] == key if key else "headers" in row)]


def answers(uuid: str) -> list[dict[str, Any]]:
    """The bodies of the responses under a UUID, in order."""
    return [row["body"] for row in outgoing() if row["headers"]["UUID"] == uuid]


def statuses(uuid: str) -> list[str]:
    """Their ``status``."""
    return [body["status"] for body in answers(uuid)]


@pytest.fixture(scope="session")
def _vhost() -> Iterator[str]:
    """The address of a virtual host of our own; where none can be made, that of the usual one."""
    tool, name = shutil.which("rabbitmqctl"), f"portal-test-{uuid.uuid4().hex[:8]}"
    try:
        pika.BlockingConnection(pika.URLParameters(f"amqp://guest:guest@{SERVER}/%2F")).close()
    except (pika.exceptions.AMQPError, OSError) as fault:
        absent(f"RabbitMQ on {SERVER} does not answer: {type(fault).__name__}")
    own = tool and not subprocess.run([tool, "-q", "add_vhost", name], capture_output=True).returncode
    if own:
        subprocess.run([tool, "-q", "set_permissions", "-p", name, "guest", ".*", ".*", ".*"], check=True)
    yield f"amqp://guest:guest@{SERVER}/{name if own else '%2F'}"
    if own:
        subprocess.run([tool, "-q", "delete_vhost", name], check=True)


@pytest.fixture
def broker(_vhost: str, listening: Any) -> Iterator[Any]:
    """A real RabbitMQ: a channel in confirm mode. The settings point to it."""
    listening.MESSAGING_URL = _vhost
    connection = pika.BlockingConnection(pika.URLParameters(_vhost))
    channel = connection.channel()
    channel.confirm_delivery()
    yield channel
    if connection.is_open:
        connection.close()
    with pika.BlockingConnection(pika.URLParameters(_vhost)) as last:
        tidy = last.channel()
        for name in (listening.MESSAGING_INPUT_QUEUE, listening.MESSAGING_OUTPUT_QUEUE, listening.MESSAGING_DEAD):
            tidy.queue_delete(name)
        for name in (listening.MESSAGING_EXCHANGE, listening.MESSAGING_SITE_ID, listening.MESSAGING_DEAD):
            tidy.exchange_delete(name)


def until(condition: Callable[[], Any]) -> Any:
    """What ``condition`` gives, as soon as it is true."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen")


@pytest.fixture
def running(broker: Any, listening: Any) -> Iterator[Any]:
    """A gateway in threads of the test's process, and a cluster that builds what is queued; gives the channel."""
    from django.db import connection

    from messaging.models import Gateway

    stop = threading.Event()

    def build() -> None:
        while not stop.wait(0.05):
            run_tasks()
        connection.close()

    def serve() -> None:
        gateway.Running(stop).run()
        connection.close()

    threads = [threading.Thread(target=build), threading.Thread(target=serve)]
    for thread in threads:
        thread.start()
    until(lambda: Gateway.objects.filter(connected=True).exists())
    yield broker
    stop.set()
    for thread in threads:
        thread.join()


def receive(channel: Any, queue: str) -> tuple[Any, Any]:
    """The next message of a queue: properties and body, parsed."""
    found = until(lambda: (got := channel.basic_get(queue, auto_ack=True))[0] and got)
    return found[1], json.loads(found[2])
