"""Finds the plugins that are installed and switches on those that ``PLUGINS`` names."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from packager import hookspecs
from packager.plugins import PROJECT, ask, manager, releases
from portal.environment import Environment

manager.add_hookspecs(hookspecs)


def load(names: list[str], env: Environment) -> None:
    """Switch on the plugins called ``names``, in that order. What cannot be loaded becomes a problem of ``PLUGINS``."""
    installed = {point.name: point for point in entry_points(group=PROJECT)}
    for name in names:
        if manager.has_plugin(name):
            continue
        try:
            manager.register(installed[name].load(), name=name)
            releases[name] = getattr(installed[name].dist, "version", "")
        except KeyError:
            known = ", ".join(sorted(installed)) or "none"
            env.complain("PLUGINS", f"PLUGINS names {name}, which is not installed.", f"Installed plugins: {known}.")
        except Exception as fault:  # a plugin may raise anything while it is imported
            env.complain(
                "PLUGINS", f"PLUGINS names {name}, which could not be loaded: {fault!r}.", "Mend or remove it."
            )


def django_apps() -> list[str]:
    """Django applications that plugins add."""
    return [app for apps in ask("django_apps") for app in apps]


def default_settings() -> dict[str, Any]:
    """Settings that plugins want, where the portal has none of that name."""
    return {name: value for part in ask("default_settings") for name, value in part.items()}
