"""The Django application of the way in; Django looks for it here."""

from __future__ import annotations

from django.apps import AppConfig


class PusherConfig(AppConfig):
    """Files into the DataStore of CKAN."""

    name = "pusher"
    verbose_name = "Pushing"
