"""``manage.py expire_packages``: what the schedule does every hour.

Short, for Django wants a module for each command.
"""

from __future__ import annotations

from typing import Any

from packager.lifecycle import maintenance
from packager.management.base import CountingCommand


class Command(CountingCommand):
    """Deletes packages past their time."""

    help = "Delete expired packages (PACKAGER_EXPIRY_DAYS) and what crashed builds left behind."
    name = "deleted"
    thing = "package"
    done = "deleted"

    def count(self, **_: Any) -> int:
        """Do it."""
        return maintenance.expire_packages()
