"""What happened, as frozen dataclasses, and how to listen.

``publish`` calls every listener in the order in which they were added. A listener that raises is logged and never
breaks the work that published the event. Publishers publish after their transaction has been committed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a request. ``email`` is empty where the requester gave none."""

    at: datetime
    request_id: UUID
    resource_id: str
    ckan_host: str
    format: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAccepted(Event):
    """A request was saved. ``queue`` is fast or slow; ``cached`` says that a fresh package was there already."""

    queue: str
    cached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageBuilt(Event):
    """A package was built and stored. ``rows`` is None for a file; ``seconds`` is the time from claim to store."""

    rows: int | None
    size: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestServed(Event):
    """A requester got a package: built for this request, joined, or (``cached``) found fresh."""

    rows: int | None
    size: int
    cached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFailed(Event):
    """A request failed for good (until somebody retries it). ``message`` is the public sentence."""

    code: str
    message: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCancelled(Event):
    """A request was cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageDownloaded(Event):
    """A whole package, or its first part, was sent. ``size`` is the number of bytes of the package."""

    size: int


@dataclass(frozen=True, slots=True)
class PersonalDataForgotten:
    """The addresses of these requests were deleted on somebody's wish; whoever kept copies deletes them too."""

    at: datetime
    request_ids: tuple[UUID, ...]


AnyEvent = Event | PersonalDataForgotten
Listener = Callable[[AnyEvent], None]
_listeners: list[Listener] = []


def listen(listener: Listener) -> Listener:
    """Add a listener, once. Returns it, so that it can decorate."""
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


def unlisten(listener: Listener) -> None:
    """Take a listener away again; silent if it is not there."""
    if listener in _listeners:
        _listeners.remove(listener)


def publish(event: AnyEvent) -> None:
    """Tell every listener. Never raises."""
    for listener in tuple(_listeners):
        try:
            listener(event)
        except Exception:
            log.exception("listener %r failed on %s", listener, type(event).__name__)
