"""The Django application of the room; Django looks for it here."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings


class MessagingConfig(AppConfig):
    """Listens to the packager, if there is a broker to tell."""

    name = "messaging"
    verbose_name = "Messaging"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Called once by Django."""
        if settings.MESSAGING_URL:
            from messaging import listeners, state
            from packager import events
            from packager.presentation import service_status

            events.witness(listeners.put_down)
            service_status.others["messaging"] = state.report
