"""Finds, loads and asks plugins. The extension points themselves are described in ``packager/hookspecs.py``."""

from __future__ import annotations

import logging
from importlib.metadata import entry_points
from typing import Any

import pluggy

from packager import hookspecs
from packager.events import Happening
from portal.environment import Environment

log = logging.getLogger(__name__)
GROUP = "packaging_portal"
manager = pluggy.PluginManager(hookspecs.PROJECT)
manager.add_hookspecs(hookspecs)


def load(names: list[str], env: Environment) -> None:
    """Switch on the plugins called ``names``, in that order. What cannot be loaded becomes a problem of ``PLUGINS``."""
    installed = {point.name: point for point in entry_points(group=GROUP)}
    for name in names:
        if manager.has_plugin(name):
            continue
        try:
            manager.register(installed[name].load(), name=name)
        except KeyError:
            known = ", ".join(sorted(installed)) or "none"
            env.complain("PLUGINS", f"PLUGINS names {name}, which is not installed.", f"Installed plugins: {known}.")
        except Exception as fault:  # a plugin may raise anything while it is imported
            env.complain(
                "PLUGINS", f"PLUGINS names {name}, which could not be loaded: {fault!r}.", "Mend or remove it."
            )


def _in_order(answers: list[Any]) -> list[Any]:
    # pluggy asks the plugin registered last first; PLUGINS promises the order of the list
    return [answer for answer in reversed(answers) if answer is not None]


def django_apps() -> list[str]:
    """Django applications that plugins add."""
    return [app for apps in _in_order(manager.hook.django_apps()) for app in apps]


def default_settings() -> dict[str, Any]:
    """Settings that plugins want, where the portal has none of that name."""
    return {name: value for part in _in_order(manager.hook.default_settings()) for name, value in part.items()}


def ask(hook: str, **arguments: Any) -> list[Any]:
    """What each plugin answers to ``hook``, in the order of ``PLUGINS``; plugins without an answer are left out."""
    return _in_order(getattr(manager.hook, hook)(**arguments))


def implemented(hook: str) -> bool:
    """Whether any plugin has something to say to ``hook``."""
    return bool(getattr(manager.hook, hook).get_hookimpls())


def tell(event: Happening) -> None:
    """Hand an event to each plugin that listens; one that raises is logged, and the others still hear of it."""
    for listener in reversed(manager.hook.on_event.get_hookimpls()):
        try:
            listener.function(event)
        except Exception:
            log.exception("plugin %s failed on %s", listener.plugin_name, type(event).__name__)
