"""``manage.py amqp_gateway start|stop|restart|status``."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from messaging import daemon
from packager.errors import PackagerError


class Command(BaseCommand):
    """Takes requests from RabbitMQ and sends what the portal tells."""

    help = "Take requests from RabbitMQ, answer them, and send the portal's events, in the background."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do."""
        parser.add_argument("action", choices=("start", "stop", "restart", "status"))
        parser.add_argument("--foreground", action="store_true", help="stay in the foreground and log to the terminal")

    def handle(self, *_: Any, action: str, foreground: bool, **__: Any) -> None:
        """Do it. An error of ours is one sentence and exit code 1."""
        if not settings.MESSAGING_URL and action in ("start", "restart"):
            raise CommandError("MESSAGING_URL is not set, so there is no broker to connect to.")
        try:
            {"start": self._start, "stop": self._stop, "restart": self._restart, "status": self._status}[action](
                foreground
            )
        except PackagerError as error:
            raise CommandError(error.message) from None

    def _start(self, foreground: bool) -> None:
        if not foreground:
            self.stdout.write(f"The gateway is running (process {daemon.start()}).")
            return
        from messaging import gateway

        with daemon.locked():
            gateway.run()

    def _stop(self, _: bool) -> None:
        self.stdout.write("The gateway has stopped." if daemon.stop() else "The gateway is not running.")

    def _restart(self, foreground: bool) -> None:
        daemon.stop()
        self._start(foreground)

    def _status(self, _: bool) -> None:
        number = daemon.running()
        if number is None:
            raise CommandError("The gateway is not running.")
        self.stdout.write(f"The gateway is running (process {number}).")
