"""``manage.py retry_failed``: queue failed requests again."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandParser
from django.utils.dateparse import parse_date, parse_datetime

from packager.errors import Conflict
from packager.lifecycle import requests
from packager.management.counting import CountingCommand
from packager.models import PackageRequest


class Command(CountingCommand):
    """Retries many at once."""

    help = "Queue failed requests again: all of them, or those since a time, or those of one resource."
    name = "queued"
    sentence = "requests queued again."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which ones."""
        super().add_arguments(parser)
        parser.add_argument("--since", type=_time, help="failed since then: 2026-11-20 or 2026-11-20T08:00 (UTC)")
        parser.add_argument("--resource", metavar="ID", help="only requests for this resource")

    def count(self, **options: Any) -> int:
        """Queue them."""
        filters = {"finished_at__gte": options["since"], "resource_id": options["resource"]}
        chosen = PackageRequest.objects.failed(**{name: value for name, value in filters.items() if value})
        return sum(_retry(pk) for pk in list(chosen.values_list("pk", flat=True)))


def _retry(request_id: Any) -> bool:
    try:
        requests.retry(request_id, actor="retry_failed")
    except Conflict:
        # it was retried or deleted a moment ago
        return False
    return True


def _time(text: str) -> datetime:
    found = parse_datetime(text)
    if found is None and (day := parse_date(text)):
        found = datetime(day.year, day.month, day.day, tzinfo=UTC)
    if found is None:
        raise ArgumentTypeError(f"{text!r} is neither a date nor a time")
    return found if found.tzinfo else found.replace(tzinfo=UTC)
