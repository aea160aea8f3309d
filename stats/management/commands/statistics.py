"""``manage.py statistics [totals|requests|errors]``"""

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from packager.whole_numbers import whole_number
from stats import queries


class Command(BaseCommand):
    """The statistics as JSON."""

    help = (
        "Print statistics as JSON: totals by resource (the default), requests served, or errors, newest first. With "
        "-x, the exit code is 1 if the selection has errors."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The options of ``ckanpackager stats``."""
        parser.add_argument(
            "what", nargs="?", default="totals", choices=["totals", "requests", "errors"], help="default: totals"
        )
        parser.add_argument("-o", "--offset", type=_count, default=0, help="entries to skip (default 0)")
        parser.add_argument("-l", "--limit", type=_count, default=100, help="entries to print (default 100)")
        parser.add_argument("-r", "--resource", help="only this resource (in totals, '*' is all of them together)")
        parser.add_argument("-e", "--email", help="only this address, plain or hashed (requests and errors)")
        parser.add_argument("-x", "--exit-code", action="store_true", help="exit with 1 if there are errors")

    def handle(self, *_: Any, what: str, resource: str | None, email: str | None, **options: Any) -> None:
        """Print, then look whether -x has something to say."""
        page = (options["offset"], options["limit"], resource, email)
        found = queries.totals(resource) if what == "totals" else getattr(queries, what)(*page)
        self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False))
        if not options["exit_code"]:
            return
        if email is None:
            errors = any(entry["errors"] for entry in queries.totals(resource).values())
        else:
            errors = bool(queries.errors(0, 1, resource, email))
        if errors:
            raise CommandError("There are errors.", returncode=1)


def _count(text: str) -> int:
    try:
        return whole_number(text)
    except (ValueError, OverflowError) as error:
        raise ArgumentTypeError(str(error)) from error
