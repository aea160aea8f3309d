"""``manage.py status``: queues, clusters, requests by state."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from packager.presentation.service_status import Overview, overview


class Command(BaseCommand):
    """The state of the portal."""

    help = "Print the clusters that are alive, what waits in each queue, and the requests by state."

    def add_arguments(self, parser: CommandParser) -> None:
        """For people, or for scripts."""
        parser.add_argument("--json", action="store_true", help="as JSON")

    def handle(self, *_: Any, **options: Any) -> None:
        """Print it."""
        now = overview()
        self.stdout.write(_as_json(now) if options["json"] else _in_words(now))


def _as_json(now: Overview) -> str:
    clusters = [{"queue": c.queue, "host": c.host, "pid": c.pid, "workers": c.workers} for c in now.clusters]
    facts = {"clusters": clusters, "waiting": now.waiting, "deserted": now.deserted, "requests": now.requests}
    return json.dumps(facts, indent=2)


def _in_words(now: Overview) -> str:
    lines = [f"{c.queue} cluster on {c.host}: {c.workers} workers" for c in now.clusters]
    lines = lines or ["No cluster is running."]
    lines += [f"{queue} queue: {count} waiting" for queue, count in now.waiting.items()]
    lines += [f"The {queue} queue has work and no cluster." for queue in now.deserted]
    return "\n".join(lines + [f"{status}: {count}" for status, count in now.requests.items()])
