"""The Django application that wires the portal together."""

from __future__ import annotations

from axes.apps import AppConfig as AxesConfig
from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class StaffConfig(AdminConfig):
    """Django's admin, with our own site."""

    default_site = "portal.admin_site.StaffSite"


class LoginsConfig(AxesConfig):
    """django-axes, under a name that tells what it keeps."""

    verbose_name = "Logins"


class PortalConfig(AppConfig):
    """Connects checks, schedules, plugins and the error tracker when Django starts."""

    name = "portal"

    def ready(self) -> None:
        """Called once by Django."""
        from packager import events, plugins
        from portal import checks, references, schedules, sentry

        checks.connect()
        schedules.connect()
        references.connect()  # before the tracker, which tells the reference
        sentry.connect()
        events.listen(plugins.tell)
