"""``manage.py retry_failed``: queue failed requests again."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from packager.intake import validation
from packager.lifecycle import failures
from packager.management.base import CountingCommand
from packager.sentences import count_of


class Command(CountingCommand):
    """Retries many at once."""

    help = (
        "Queue failed requests again: those of the last PACKAGER_RETRY_MAX_AGE days, or since a given time, for all "
        "resources or for one. Requests whose errors are resolved are skipped."
    )
    name = "queued"
    thing = "request"
    done = "queued again"

    def add_arguments(self, parser: CommandParser) -> None:
        """Which ones."""
        super().add_arguments(parser)
        parser.add_argument(
            "--since", metavar="TIME", help="failures since then, of any age: 2026-11-20 or 2026-11-20T08:00 (UTC)"
        )
        parser.add_argument("--resource", metavar="ID", help="only requests for this resource")
        parser.add_argument("--all-ages", action="store_true", help="failures of any age")
        parser.add_argument("--dry-run", action="store_true", help="only say how many would be queued")

    def count(self, **options: Any) -> int:
        """Queue them. What is left out is said aside, for people."""
        since = validation.point_in_time("since", options["since"])
        which = {"resource_id": options["resource"] or "", "since": since, "all_ages": options["all_ages"]}
        found = failures.preview_retry(**which)
        if found.too_old:
            self.stderr.write(f"{count_of(found.too_old, 'older failure')} skipped; --all-ages includes them.")
        if options["dry_run"]:
            span = f" (failed {found.oldest:%Y-%m-%d} to {found.newest:%Y-%m-%d})" if found.oldest else ""
            self.done = f"would be queued again{span}; emails that would follow: {found.mails:,}"
            return found.count
        return len(failures.retry_cause("", "retry_failed", **which).done)
