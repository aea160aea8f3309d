"""``manage.py expire_packages``: what the schedule does every hour.

Short, for Django wants a module for each command.
"""

from __future__ import annotations

from packager.lifecycle import maintenance
from packager.management.base import CountingCommand


class Command(CountingCommand):
    """Deletes packages past their time."""

    help = "Delete expired packages (PACKAGER_EXPIRY_DAYS) and what crashed builds left behind."
    name = "deleted"
    thing = "package"
    done = "deleted"
    work = staticmethod(maintenance.expire_packages)
