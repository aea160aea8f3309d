"""Finds the plugins that are installed and switches on those that ``PLUGINS`` names."""

from __future__ import annotations

from importlib.metadata import entry_points

from packager import hookspecs
from packager.plugins import PROJECT, manager, releases
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
