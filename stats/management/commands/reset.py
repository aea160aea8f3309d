"""``manage.py reset requests|errors``"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from stats.reset import RESETS


class Command(BaseCommand):
    """Deletes records of statistics; asks first."""

    help = (
        "Delete the statistics of served requests or of errors, the totals with them. Packages and the requests "
        "themselves stay. Asks first; exits 1 if the answer is not 'yes'."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """What to delete, and whether to ask."""
        parser.add_argument("what", choices=sorted(RESETS), help="which records to delete")
        parser.add_argument(
            "--no-input", "--noinput", action="store_false", dest="interactive", help="delete without asking"
        )

    def handle(self, *_: Any, what: str, interactive: bool, **__: Any) -> None:
        """Ask, delete, and say how many records are gone."""
        answer = "" if interactive else "yes"
        if interactive:
            with suppress(EOFError):
                answer = input(f"Delete all records of {what}, for good? Type 'yes' to go on: ")
        if answer.strip().lower() != "yes":
            raise CommandError("Nothing was deleted.")
        self.stdout.write(f"{RESETS[what]()} records of {what} deleted")
