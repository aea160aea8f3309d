"""``manage.py fill_demo``: invented requests, to see how the portal behaves when it is full."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from demo.fill import Filler
from packager.models import PackageRequest

SAMPLE_HOST = "127.0.0.1"


class Command(BaseCommand):
    """For a portal that nobody uses: empty, or with what was asked of the sample CKAN of ``make run``."""

    help = "Fill an unused portal with invented requests, errors, packages and statistics of the last year."
    requires_system_checks = []  # there is nothing that the database of ``make run`` would need to be set for

    def add_arguments(self, parser: CommandParser) -> None:
        """How many."""
        parser.add_argument("--requests", type=int, default=100_000, help="how many (default 100,000)")
        parser.add_argument("--errors", type=int, default=20_000, help="how many of them fail (default 20,000)")
        parser.add_argument("--days", type=int, default=365, help="over how many days (default 365)")

    def handle(self, *_: Any, **options: Any) -> None:
        """Make them."""
        others = PackageRequest.objects.exclude(ckan_host__startswith=f"{SAMPLE_HOST}:").order_by()
        if host := others.values_list("ckan_host", flat=True).first():
            raise CommandError(f"There are requests for {host} already; invented ones would mix with them.")
        Filler(options["requests"], options["errors"], options["days"]).fill()
        self.stdout.write(f"{options['requests']:,} requests invented, {options['errors']:,} of them failed.")
