"""``manage.py anonymize``"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from stats.anonymise import anonymise, holders


class Command(BaseCommand):
    """Addresses to hashes. Hashes stay as they are, so that a second run, or one after a break, does no harm."""

    help = (
        "Replace every stored e-mail address by its hash, once and for all: this cannot be undone. What is hashed "
        "already stays as it is. Set PACKAGER_ANONYMIZE_EMAILS=true as well, so that new addresses are hashed too."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """One option."""
        parser.add_argument("--dry-run", action="store_true", help="only say how many addresses would be replaced")

    def handle(self, *_: Any, **options: Any) -> None:
        """Go through every place with addresses. Addresses are counted, never shown."""
        for holder in holders():
            if options["dry_run"]:
                self.stdout.write(f"{holder.name}: {len(set(holder.plain()))} addresses would be replaced")
            else:
                addresses, rows = anonymise(holder)
                self.stdout.write(f"{holder.name}: {addresses} addresses replaced in {rows} rows")
