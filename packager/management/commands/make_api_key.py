"""``manage.py make_api_key NAME``: a key for ``/api/v1/``."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from packager.security import api_keys
from packager.security.api_keys import Scope


class Command(BaseCommand):
    """Makes an API key and prints it, this once."""

    help = "Make a key for /api/v1/ and print it. It is kept hashed, so it cannot be printed again."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name, scopes, and how to print."""
        parser.add_argument("name", help="who uses it, and for what")
        parser.add_argument(
            "--scope",
            action="append",
            choices=Scope.values,
            help="may be given several times; by default: own requests",
        )
        parser.add_argument("--json", dest="as_json", action="store_true", help="print JSON")

    def handle(self, *, name: str, scope: list[str] | None, as_json: bool, **_: Any) -> None:
        """Make it."""
        issued = api_keys.issue(name, scope or api_keys.USUAL_SCOPES)
        shown = {"api_key": issued.text, "webhook_secret": issued.webhook_secret}
        self.stdout.write(
            json.dumps(shown) if as_json else "\n".join(f"{label}: {text}" for label, text in shown.items())
        )
