"""``manage.py clear_caches``: delete the packages.

Short, for Django wants a module for each command.
"""

from __future__ import annotations

from typing import Any

from packager.lifecycle import maintenance
from packager.management.base import CountingCommand


class Command(CountingCommand):
    """Deletes every package that is kept."""

    help = "Delete every package in the store. Requests and statistics stay; links to packages then answer 410."
    name = "deleted"
    thing = "package"
    done = "deleted"

    def count(self, **_: Any) -> int:
        """Do it."""
        return maintenance.clear_packages()
