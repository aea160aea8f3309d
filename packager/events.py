"""What happened, as frozen dataclasses, and how to listen.

``announce`` is called inside the transaction of what happened. Witnesses hear of it at once, together of all that
happened in one step: what they write is kept or undone with it, and what they raise undoes it. Listeners hear of it
when it has been committed (``publish``); one that raises is logged and never breaks the work that published the event.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceChanged:
    """The data of a resource changed, as ``lifecycle.changes`` was told: no package from before is handed out again.

    ``ckan_host`` is empty where nobody said which data portal it is in; ``source`` is who told.
    """

    at: datetime
    resource_id: str
    ckan_host: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageExpired:
    """The file of a package was deleted."""

    at: datetime
    package_id: UUID
    resource_id: str
    format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceNamed:
    """The data portal told what a resource is called. Titles that it does not tell everybody are not ``public``."""

    at: datetime
    ckan_host: str
    resource_id: str
    resource_title: str
    dataset_title: str
    organization_title: str
    dataset_name: str
    public: bool


AnyEvent = Event | PackageExpired | PersonalDataForgotten | ResourceChanged | ResourceNamed
Listener = Callable[[AnyEvent], None]
Witness = Callable[[Sequence[AnyEvent]], None]
_listeners: list[Listener] = []
_witnesses: list[Witness] = []


def listen(listener: Listener) -> Listener:
    """Add a listener, once. Returns it, so that it can decorate."""
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


def witness(witness: Witness) -> Witness:
    """Add a witness, once: it hears of events inside their transaction. Returns it."""
    if witness not in _witnesses:
        _witnesses.append(witness)
    return witness


def unlisten(listener: Listener | Witness) -> None:
    """Take a listener or witness away again; silent if it is not there."""
    for listeners in (_listeners, _witnesses):
        if listener in listeners:
            listeners.remove(listener)  # type: ignore[arg-type]


def announce(*happened: AnyEvent, on_commit: Callable[[Callable[[], None]], None]) -> None:
    """Tell the witnesses now, and the listeners after the commit.

    Args:
        happened: what is about to have happened, all in one step.
        on_commit: has a function called after the commit: Django's ``transaction.on_commit``.
    """
    for told in tuple(_witnesses):
        told(happened)
    for event in happened:
        on_commit(partial(publish, event))


def publish(event: AnyEvent) -> None:
    """Tell every listener. Never raises."""
    for listener in tuple(_listeners):
        try:
            listener(event)
        except Exception:
            log.exception("listener %r failed on %s", listener, type(event).__name__)
