"""``manage.py worker NAME...``: consume the notifications of a CKAN site, or of the portal itself."""

from __future__ import annotations

import signal
import threading
from inspect import cleandoc
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from messaging import config, workers
from messaging.worker import Chain
from packager.errors import PackagerError

#: Short option, long option, name in the file, what it is.
OPTIONS = (
    ("-q", "--queue", "queue.name", "queue (default: SITE_ID and the names of the workers)"),
    ("-r", "--routing-key", "queue.routing_key", "which messages to take (default: #, all of them)"),
    ("-a", "--url", "url", "address of the broker (default: MESSAGING_URL)"),
    ("-i", "--site-id", "ckan.site_id", "exchange (default: MESSAGING_CKAN_SITE_ID, otherwise the portal's own)"),
    ("-u", "--site-url", "ckan.site_url", "address of CKAN (default: MESSAGING_CKAN_URL)"),
    ("-k", "--api-key", "ckan.api_key", "API key for CKAN"),
)


class Command(BaseCommand):
    """Runs a chain of workers until it is told to stop."""

    help = "Pass each notification to the named workers, in this order. Without names, list the workers."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which workers, and where."""
        parser.add_argument("names", nargs="*", metavar="NAME")
        parser.add_argument("-c", "--config", default="", metavar="FILE", help="INI file with these settings")
        parser.add_argument(
            "-s", "--section", default=config.SECTION, help=f"section of the file (default: {config.SECTION})"
        )
        parser.add_argument("--dead", action="store_true", help="try each dead letter once more, then end")
        for short, long, name, text in OPTIONS:
            parser.add_argument(short, long, dest=name, help=text)

    def handle(self, *_: Any, names: list[str], **options: Any) -> None:
        """List them, or run."""
        known = workers.known()
        if not names:
            lines = [f"{name}: {cleandoc(kind.__doc__ or '').partition(chr(10))[0]}" for name, kind in known.items()]
            self.stdout.write("\n".join(lines))
            return
        if unknown := [name for name in names if name not in known]:
            raise CommandError(f"There is no worker {unknown[0]}. There are: {', '.join(known)}.")
        given = {name: options[name] for _, _, name, _ in OPTIONS}
        try:
            found = config.read(names, given, options["config"], options["section"])
        except PackagerError as error:
            raise CommandError(error.message) from None
        if not found.urls:
            raise CommandError("MESSAGING_URL is not set, so there is no broker to listen to.")
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        Chain({name: known[name](found.values) for name in names}, found, stop, dead=options["dead"]).run()
