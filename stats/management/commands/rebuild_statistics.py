"""``manage.py rebuild_statistics``"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from stats.rebuild import rebuild


class Command(BaseCommand):
    """Sums from records."""

    help = (
        "Make the daily sums and the list of requesters anew from the records. What an older installation had "
        "counted beyond its records (opening balances) stays."
    )

    def handle(self, *_: Any, **__: Any) -> None:
        """Rebuild, and say what there is now."""
        made = rebuild()
        self.stdout.write(f"{made['sums']} daily sums and {made['requesters']} requesters made from the records")
