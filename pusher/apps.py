"""The Django application of the way in; Django looks for it here."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings


class PusherConfig(AppConfig):
    """Files into the DataStore of CKAN."""

    name = "pusher"
    verbose_name = "Pushing"

    def ready(self) -> None:
        """Let pushes take turns with builds in the clusters' queues."""
        if settings.PUSHER_ENABLED:
            from packager.lifecycle import neighbours
            from pusher.work import Pushes

            neighbours.move_in(Pushes())
