"""``manage.py reset requests|errors``"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from packager.sentences import count_of
from stats.reset import RESETS


class Command(BaseCommand):
    """Deletes records of statistics; asks first."""

    help = (
        "Delete the statistics of requests served, or of errors, including the totals. Packages and the requests "
        "themselves stay. Asks first, and exits with 1 unless the answer is 'yes'."
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
                answer = input(f"Delete all records of {what} for good? Type 'yes' to continue: ")
        if answer.strip().lower() != "yes":
            raise CommandError("Nothing was deleted.")
        self.stdout.write(f"{count_of(RESETS[what](), 'record')} of {what} deleted.")
