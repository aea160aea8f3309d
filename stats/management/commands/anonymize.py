"""``manage.py anonymize``"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from packager.sentences import count_of
from stats import anonymise

ADDRESSES = ("address", "addresses")


class Command(BaseCommand):
    """Addresses to hashes. Hashes stay as they are, so that a second run, or one after a break, does no harm."""

    help = (
        "Replace every stored email address with its hash. This cannot be undone. Addresses that are hashed already "
        "stay as they are. Set PACKAGER_ANONYMIZE_EMAILS=true as well, so that new addresses are hashed too."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """One option."""
        parser.add_argument("--dry-run", action="store_true", help="only count the addresses that would be replaced")

    def handle(self, *_: Any, **options: Any) -> None:
        """Go through every place with addresses. Addresses are counted, never shown."""
        for holder in anonymise.holders:
            if options["dry_run"]:
                self.stdout.write(f"{holder.name}: {count_of(len(set(holder.plain())), *ADDRESSES)} would be replaced.")
            else:
                addresses, rows = anonymise.anonymise(holder)
                self.stdout.write(
                    f"{holder.name}: {count_of(addresses, *ADDRESSES)} replaced in {count_of(rows, 'row')}."
                )
