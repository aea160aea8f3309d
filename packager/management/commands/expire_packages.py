"""``manage.py expire_packages``: what the schedule does every hour."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from packager import caretaker


class Command(BaseCommand):
    """Deletes packages past their time."""

    help = "Delete packages past their time (PACKAGER_EXPIRY_DAYS) and what dead builds left behind."

    def handle(self, *_: Any, **options: Any) -> None:
        """Delete them and say how many there were."""
        self.stdout.write(f"{caretaker.expire_packages()} packages deleted.")
