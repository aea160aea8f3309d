"""``manage.py requeue_stale``: what the schedule does every minute.

Short, for Django wants a module for each command.
"""

from __future__ import annotations

from typing import Any

from packager.lifecycle import maintenance
from packager.management.base import CountingCommand


class Command(CountingCommand):
    """Takes back what died."""

    help = "Queue builds again whose worker died, and requests whose task got lost."
    name = "taken_back"
    thing = "request"
    done = "taken back"

    def count(self, **_: Any) -> int:
        """Do it."""
        return maintenance.requeue_stale()
