"""Asks the plugins. What they can be asked is described in ``hookspecs.py``; ``portal/plugins.py`` switches them on."""

from __future__ import annotations

import logging
from typing import Any

import pluggy

from packager.events import AnyEvent
from packager.streaming.formats.registry import Formats

log = logging.getLogger(__name__)
#: Hooks and entry points are known by this name.
PROJECT = "packaging_portal"
manager = pluggy.PluginManager(PROJECT)
#: The release of the distribution that each plugin came with, by the plugin's name.
releases: dict[str, str] = {}
#: The hooks whose answers show in packages.
SHAPING = ("formats", "table_source", "file_source", "row_transform", "extra_members")


def ask(hook: str, **arguments: Any) -> list[Any]:
    """What each plugin answers to ``hook``, in the order of ``PLUGINS``; plugins without an answer are left out."""
    # pluggy asks the plugin registered last first; PLUGINS promises the order of the list
    answers = getattr(manager.hook, hook)(**arguments)
    return [answer for answer in reversed(answers) if answer is not None]


def first(hook: str, **arguments: Any) -> Any:
    """The first answer to ``hook``, in the order of ``PLUGINS``; the portal's own comes last."""
    for plugin in getattr(manager.hook, hook).get_hookimpls():
        answer = plugin.function(**{name: arguments[name] for name in plugin.argnames})
        if answer is not None:
            return answer
    raise LookupError(f"nobody answers {hook}")


def shaping() -> list[str]:
    """The plugins that have a say in what packages hold, in their order, each with its release."""
    found = {impl.plugin_name for hook in SHAPING for impl in getattr(manager.hook, hook).get_hookimpls()}
    return [f"{name} {releases.get(name, '')}" for name, _ in manager.list_name_plugin() if name in found]


def tell(event: AnyEvent) -> None:
    """Hand an event to each plugin that listens; one that raises is logged, and the others still hear of it."""
    for listener in reversed(manager.hook.on_event.get_hookimpls()):
        try:
            listener.function(event)
        except Exception:
            log.exception("plugin %s failed on %s", listener.plugin_name, type(event).__name__)


def formats() -> Formats:
    """Every format, by name. Raises DwcConfigurationError."""
    return Formats(format for answer in ask("formats") for format in answer)
