"""The Django application that wires the portal together."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class StaffConfig(AdminConfig):
    """Django's admin, with our own site."""

    default_site = "portal.admin_site.StaffSite"


class PortalConfig(AppConfig):
    """Connects checks, schedules, plugins and the error tracker when Django starts."""

    name = "portal"

    def ready(self) -> None:
        """Called once by Django."""
        from packager import events, plugins
        from portal import checks, schedules, sentry

        checks.connect()
        schedules.connect()
        sentry.connect()
        events.listen(plugins.tell)
