"""``manage.py amqp_schema``: exchanges and queues of the portal by hand, as edeposit's tool of that kind does it."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any, NoReturn
from uuid import uuid4

import pika
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from messaging import sender, topology
from messaging.connection import Channel, connect, our_errors
from messaging.errors import BrokerAway, MessagingError
from messaging.topology import Host


class Command(BaseCommand):
    """Makes exchanges and queues, sends a request, takes what was answered."""

    help = "Create the exchanges and queues of the portal, send a request from a file, print responses."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do, and with which host: what the tool calls an exchange with its queues."""
        parser.add_argument("-l", "--list", action="store_true", help="list the hosts")
        parser.add_argument("-s", "--host", help="one of the hosts, or all")
        parser.add_argument("-c", "--create", action="store_true", help="create exchange and queues")
        parser.add_argument("--put", metavar="FILE", help="send FILE (- for standard input) as a request")
        parser.add_argument("--uuid", help="UUID of the request (default: a new one)")
        parser.add_argument("--get", action="store_true", help="take and print responses")
        parser.add_argument("-t", "--timeout", type=float, help="end --get after so many seconds without a message")

    def handle(self, *_: Any, **options: Any) -> None:
        """Do it. What cannot be done is one sentence and exit code 1."""
        if options["list"]:
            self.stdout.write("\n".join(topology.hosts()))
            return
        if not settings.MESSAGING_URL:
            self._fail("MESSAGING_URL is not set, so there is no broker to connect to.")
        try:
            self._do(**options)
        except BrokerAway:
            self._fail("Can't connect to RabbitMQ!")
        except MessagingError as error:
            self._fail(error.message)

    def _fail(self, sentence: str) -> NoReturn:
        self.stderr.write(sentence)
        sys.exit(1)

    def _do(self, *, host: str | None, **options: Any) -> None:
        if options["create"] and not host:
            self._fail("--host is required parameter to --create")
        if options["get"] and host == "all":
            self._fail("Can't receive all hosts!")
        hosts = self._hosts(host or "packager")
        body = self._read(options["put"]) if options["put"] else None
        with our_errors(), connect() as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            for chosen in hosts if options["create"] else ():
                self._create(channel, chosen)
            for chosen in hosts if body is not None else ():
                topology.declare(channel, chosen)
                self._put(channel, chosen, body or b"", options["uuid"] or str(uuid4()))
            if options["get"]:
                topology.declare(channel, topology.hosts()["packager"])
                self._get(connection, channel, options["timeout"])

    def _hosts(self, name: str) -> list[Host]:
        known = topology.hosts()
        if name != "all" and name not in known:
            self._fail(f"There is no host {name!r}; there are: {', '.join(known)}.")
        return list(known.values()) if name == "all" else [known[name]]

    def _read(self, file: str) -> bytes:
        try:
            return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        except OSError:
            self._fail(f"Can't open '{file}'!")

    def _create(self, channel: Channel, host: Host) -> None:
        topology.declare(channel, host)
        lines = [f"Created exchange '{host.exchange}'."]
        if host.queues:
            lines += ["Creating queues:", *(f"\tCreated durable queue '{name}'." for name, _ in host.queues), ""]
            lines += ["Routing exchanges using routing key to queues:"]
            lines += [f"\tRouting exchange {host.exchange}['{key}'] -> '{name}'." for key, name in host.bindings]
        self.stdout.write("\n".join(lines))

    def _put(self, channel: Channel, host: Host, body: bytes, uuid: str) -> None:
        properties = sender.properties({"headers": {"UUID": uuid}, "message_id": str(uuid4())})
        channel.basic_publish(host.exchange, settings.MESSAGING_INPUT_KEY, body, properties)
        self.stdout.write(uuid)

    def _get(self, connection: pika.BlockingConnection, channel: Channel, timeout: float | None) -> None:
        came, last = False, time.monotonic()
        while timeout is None or time.monotonic() - last < timeout:
            frame, properties, body = channel.basic_get(settings.MESSAGING_OUTPUT_QUEUE)
            if frame is None:
                connection.sleep(0.1)
                continue
            told = {"method_frame": vars(frame), "properties": vars(properties), "body": body.decode(errors="replace")}
            self.stdout.write(f"{json.dumps(told, default=str, ensure_ascii=False)}\n{'-' * 79}\n")
            channel.basic_ack(frame.delivery_tag)
            came, last = True, time.monotonic()
        if not came:
            self._fail("Timeouted!")
