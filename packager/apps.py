"""The Django application for which the portal exists; Django looks for it here."""

from __future__ import annotations

from django.apps import AppConfig


class PackagerConfig(AppConfig):
    """From a request to a package to its delivery."""

    name = "packager"
    verbose_name = "Packaging"

    def ready(self) -> None:
        """Called once by Django: what comes with the portal joins the plugins."""
        from packager import builtins, plugins

        if not plugins.manager.has_plugin("packager"):
            plugins.manager.register(builtins, name="packager")
