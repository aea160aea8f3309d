"""Django's ``check``, which in addition tries what only builds need: the store, the temporary directory.

Short, for Django wants a module for each command.
"""

from __future__ import annotations

from typing import Any

from django.core.checks.registry import register, registry
from django.core.management.commands import check

from portal.checks import OF_BUILDS


class Command(check.Command):
    """Says what must be put right."""

    def handle(self, *app_labels: Any, **options: Any) -> None:
        """Run all checks. Other commands run all but those that are added here."""
        for added in OF_BUILDS:
            register(added)
        try:
            super().handle(*app_labels, **options)
        finally:
            registry.registered_checks.difference_update(OF_BUILDS)
