"""``manage.py clear_caches``: delete the packages.

Short, for Django wants a module for each command.
"""

from __future__ import annotations

from packager.lifecycle import maintenance
from packager.management.base import CountingCommand


class Command(CountingCommand):
    """Deletes every package that is kept."""

    help = "Delete every package in the store. Requests and statistics stay; links to packages then answer 410."
    name = "deleted"
    thing = "package"
    done = "deleted"
    work = staticmethod(maintenance.clear_packages)
