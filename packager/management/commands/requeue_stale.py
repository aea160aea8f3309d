"""``manage.py requeue_stale``: what the schedule does every minute."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from packager import caretaker


class Command(BaseCommand):
    """Takes back what died."""

    help = "Queue builds again whose worker died, and requests whose task got lost."

    def handle(self, *_: Any, **options: Any) -> None:
        """Take them back and say how many there were."""
        self.stdout.write(f"{caretaker.requeue_stale()} requests taken back.")
