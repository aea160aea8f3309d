"""The ways to the portal."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

from ckan import model

from ckanext.packaging_portal import client, settings
from ckanext.packaging_portal.changes import broker, waiting
from ckanext.packaging_portal.changes.envelopes import envelope
from ckanext.packaging_portal.changes.notes import Note

log = logging.getLogger(__name__)
#: How long a change is held up by telling it, for ``direct`` and ``amqp``.
SECONDS = 2.0


def send(notes: Sequence[Note]) -> None:
    """Tell of changes by the way that the setting ``changes`` names. What cannot be told is logged."""
    if notes and (way := WAYS.get(settings.get("changes"))):
        way(notes)


def _directly(notes: Sequence[Note]) -> None:
    _within_the_time(_post, notes)


def _by_broker(notes: Sequence[Note]) -> None:
    _within_the_time(broker.publish, notes)


def _post(envelopes: list[dict[str, Any]]) -> None:
    client.call("POST", "/api/v1/changes/", json=envelopes, seconds=SECONDS)


def _within_the_time(tell: Callable[[list[dict[str, Any]]], None], notes: Sequence[Note]) -> None:
    """In a thread with a session of its own: that of the caller has just been committed, and must not wait for long."""

    def run() -> None:
        try:
            tell([envelope(note) for note in notes])
        except Exception as error:
            log.warning("The packaging portal was not told of %s: %s", names, getattr(error, "detail", error))
        finally:
            model.Session.remove()

    names = ", ".join(note.key for note in notes)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(SECONDS)
    if thread.is_alive():
        log.warning("The packaging portal was not told of %s in time", names)


WAYS: dict[str, Callable[[Sequence[Note]], None]] = {
    "job": waiting.add,
    "direct": _directly,
    "amqp": _by_broker,
}
