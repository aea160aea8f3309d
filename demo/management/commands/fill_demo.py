"""``manage.py fill_demo``: invented requests, to see how the portal behaves when it is full."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from demo.fill import Filler
from packager.models import PackageRequest


class Command(BaseCommand):
    """For an empty database only."""

    help = "Fill an empty portal with invented requests, errors, packages and statistics of the last year."

    def add_arguments(self, parser: CommandParser) -> None:
        """How many."""
        parser.add_argument("--requests", type=int, default=100_000)
        parser.add_argument("--errors", type=int, default=20_000)
        parser.add_argument("--days", type=int, default=365)

    def handle(self, *_: Any, **options: Any) -> None:
        """Make them."""
        if PackageRequest.objects.exists():
            raise CommandError("There are requests already; invented ones would mix with them.")
        Filler(options["requests"], options["errors"], options["days"]).fill()
        self.stdout.write(f"{options['requests']} requests made, {options['errors']} of them failed.")
