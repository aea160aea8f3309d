"""``manage.py clear_caches``: delete the packages."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from packager import caretaker


class Command(BaseCommand):
    """Deletes every package that is kept."""

    help = "Delete every package in the store. Requests and statistics stay; links answer 410 from then on."

    def handle(self, *_: Any, **options: Any) -> None:
        """Delete them and say how many there were."""
        self.stdout.write(f"{caretaker.clear_packages()} packages deleted.")
