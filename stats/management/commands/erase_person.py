"""``manage.py erase_person ADDRESS``"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from packager.sentences import count_of
from stats import erasure


class Command(BaseCommand):
    """Deletes one person everywhere, on their wish."""

    help = (
        "Delete a person for good: their requests with history, errors and deliveries, and their address in the "
        "statistics, plain or hashed. Packages stay; so does the fact that they unsubscribed. See docs/privacy.md."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Who, and how surely."""
        parser.add_argument("address", help="the person's email address")
        parser.add_argument("--dry-run", action="store_true", help="only count what would be deleted")
        parser.add_argument("--no-input", action="store_true", help="delete without asking")

    def handle(self, *_: Any, **options: Any) -> None:
        """Count, ask, delete. The address is never printed; the references are, to look for in logs."""
        requests, records = erasure.count_person(options["address"])
        self.stdout.write(f"Found: {count_of(requests, 'request')}, {count_of(records, 'statistics record')}.")
        if options["dry_run"]:
            return
        if not options["no_input"] and input("Delete them for good? Type 'yes' to continue: ") != "yes":
            raise CommandError("Nothing was deleted.")
        erased, records = erasure.erase_person(options["address"], "manage.py erase_person")
        self.stdout.write(
            f"Deleted: {count_of(erased.requests, 'request')}, "
            f"{count_of(erased.deliveries, 'delivery', 'deliveries')}, {count_of(records, 'statistics record')}."
        )
        for reference in erased.references:
            self.stdout.write(f"Known in logs as {reference}")
