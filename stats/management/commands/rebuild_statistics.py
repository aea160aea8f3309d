"""``manage.py rebuild_statistics``. Short, for Django wants a module for each command."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from packager.sentences import count_of
from stats.rebuild import rebuild


class Command(BaseCommand):
    """Sums from records."""

    help = (
        "Recalculate the daily totals and the list of requesters from the records. Opening balances, which an older "
        "installation had counted beyond its records, stay."
    )

    def handle(self, *_: Any, **__: Any) -> None:
        """Rebuild, and say what there is now."""
        made = rebuild()
        totals, people = count_of(made["sums"], "daily total"), count_of(made["requesters"], "requester")
        self.stdout.write(f"{totals} and {people} recalculated.")
