"""The Django application that wires the portal together."""

from __future__ import annotations

from axes.apps import AppConfig as AxesConfig
from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.core.checks import register
from django.core.signals import got_request_exception
from django.db.models.signals import post_migrate


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
        from portal import checks, schedules, sentry, views

        for check in checks.ALWAYS:
            register(check)
        post_migrate.connect(schedules.after_migrate, dispatch_uid="portal.schedules")
        # before the tracker, which tells the reference
        got_request_exception.connect(views.refer, dispatch_uid="portal.references")
        sentry.connect()
        events.listen(plugins.tell)
