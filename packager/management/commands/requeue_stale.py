"""``manage.py requeue_stale``: what the schedule does every minute.

Short, for Django wants a module for each command.
"""

from __future__ import annotations

from packager.lifecycle import maintenance
from packager.management.base import CountingCommand


class Command(CountingCommand):
    """Takes back what died."""

    help = "Requeue builds whose worker died, and requests whose task was lost."
    name = "taken_back"
    thing = "request"
    done = "queued again"
    work = staticmethod(maintenance.requeue_stale)
