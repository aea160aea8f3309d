"""The Django application for which the portal exists."""

from __future__ import annotations

from django.apps import AppConfig


class PackagerConfig(AppConfig):
    """From a request to a package to its delivery."""

    name = "packager"
    verbose_name = "Packaging"
