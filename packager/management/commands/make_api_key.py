"""``manage.py make_api_key NAME``: a key for ``/api/v1/``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from packager.management.base import Facts, ReportCommand
from packager.security import api_keys
from packager.security.api_keys import Scope


class Command(ReportCommand):
    """Makes an API key and prints it, this once."""

    help = "Create a key for /api/v1/ and print it. Only its hash is kept, so it cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name and scopes."""
        super().add_arguments(parser)
        parser.add_argument("name", help="who uses it, and for what")
        parser.add_argument(
            "--scope",
            action="append",
            choices=Scope.values,
            help="what the key allows; may be repeated (default: " + ", ".join(api_keys.USUAL_SCOPES) + ")",
        )

    def facts(self, *, name: str = "", scope: list[str] | None = None, **_: Any) -> Facts:
        """See ``ReportCommand``."""
        issued = api_keys.issue(name, scope or api_keys.USUAL_SCOPES)
        return {"api_key": issued.text, "webhook_secret": issued.webhook_secret}

    def words(self, facts: Facts) -> str:
        """See ``ReportCommand``."""
        return "\n".join(f"{label}: {text}" for label, text in facts.items())
