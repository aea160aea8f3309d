"""``manage.py retry_failed``: queue failed requests again."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from packager.intake import validation
from packager.lifecycle import failures
from packager.management.base import CountingCommand


class Command(CountingCommand):
    """Retries many at once."""

    help = (
        "Queue failed requests again: all of the last PACKAGER_RETRY_MAX_AGE days, or those since a time, or those of "
        "one resource. Requests whose errors are resolved are left out."
    )
    name = "queued"
    thing = "request"
    done = "queued again"

    def add_arguments(self, parser: CommandParser) -> None:
        """Which ones."""
        super().add_arguments(parser)
        parser.add_argument(
            "--since", metavar="TIME", help="failed since then, however long ago: 2026-11-20 or 2026-11-20T08:00 (UTC)"
        )
        parser.add_argument("--resource", metavar="ID", help="only requests for this resource")
        parser.add_argument("--all-ages", action="store_true", help="however long ago they failed")
        parser.add_argument("--dry-run", action="store_true", help="say how many would be queued, and change nothing")

    def count(self, **options: Any) -> int:
        """Queue them. What is left out is said aside, for people."""
        since = validation.point_in_time("since", options["since"])
        which = {"resource_id": options["resource"] or "", "since": since, "all_ages": options["all_ages"]}
        found = failures.preview_retry(**which)
        if found.too_old:
            self.stderr.write(f"{found.too_old} that failed earlier are left out; --all-ages takes them, too.")
        if options["dry_run"]:
            span = f", which failed from {found.oldest:%Y-%m-%d} to {found.newest:%Y-%m-%d}" if found.oldest else ""
            self.done = f"would be queued again{span}; mails that would follow: {found.mails}"
            return found.count
        return len(failures.retry_cause("", "retry_failed", **which).done)
