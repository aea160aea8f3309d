"""Workers that build one step at a time, each in a thread of its own, and die where a test wants them to.

One thread runs at any moment: whoever lets a worker go on waits until it stands at its next gate, or has ended.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from packager import events
from packager.errors import PackagerError, SourceTimeout, SourceTooSlow
from packager.hookspecs import hook
from packager.lifecycle import builds
from packager.lifecycle.transitions import Claim
from packager.models import PackageRequest, Status
from packager.storage.base import Stored
from packager.storage.filesystem import DirectoryStore
from packager.streaming.types import Page, Query, Shape
from tests.engine.fakes import FakeTable

#: Where a worker can be stopped: while it reads; when its file is in the store; when the database has heard of it.
READING, STORED, SAVED, OVER = "reading", "stored", "saved", "over"
HERE = threading.local()


class Killed(BaseException):
    """SIGKILL, as far as it can be had within a process."""


class Worker:
    """Builds the package of the request of ``queue`` whose turn it is. ``at`` is the gate at which it stands."""

    def __init__(self, queue: str) -> None:
        self._queue, self.at = queue, ""
        before = _running()
        self._orders: SimpleQueue[BaseException | None] = SimpleQueue()
        self._gates: SimpleQueue[str] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._wait()
        self._claimed = _running() - before

    @property
    def claim(self) -> Claim:
        """What it builds, and by which right. Not for one that found nothing."""
        ((request_id, attempt),) = self._claimed
        return Claim(request_id, attempt)

    @property
    def request_id(self) -> UUID:
        """What it builds."""
        return self.claim.request_id

    def go_on(self, error: BaseException | None = None) -> None:
        """To the next gate; or let this be raised where it stands."""
        self._orders.put(error)
        self._wait()

    def _wait(self) -> None:
        self.at = self._gates.get(timeout=60)
        if self.at == OVER:
            self._thread.join()

    def _run(self) -> None:
        HERE.worker = self
        try:
            builds.build_next(self._queue)
        except Killed:
            pass
        finally:
            connection.close()
            self._gates.put(OVER)

    def stop_at(self, gate: str) -> None:
        """Called by the thread: wait for an order."""
        self._gates.put(gate)
        if (error := self._orders.get()) is not None:
            raise error


def _running() -> set[tuple[UUID, int]]:
    return set(PackageRequest.objects.filter(status=Status.RUNNING).values_list("pk", "attempt"))


def gate(name: str) -> None:
    """A place where a worker waits; nothing where no worker is stepped through its build."""
    if worker := getattr(HERE, "worker", None):
        worker.stop_at(name)


class _Table(FakeTable):
    def pages(self) -> Iterator[Page]:
        gate(READING)
        yield from super().pages()


class _Source:
    """Two rows of anything."""

    def open(self, query: Query, shapes: Sequence[Shape]) -> FakeTable:
        """See ``TableSource``."""
        return _Table(rows=[(1, "elk"), (2, "owl")], shape=Shape(shapes[0]), expected=2)

    def close(self) -> None:
        """See ``TableSource``."""


class _Store(DirectoryStore):
    def save(self, *arguments: Any, **more: Any) -> Stored:
        stored = super().save(*arguments, **more)
        gate(STORED)
        return stored


def _saved(event: events.AnyEvent) -> None:
    if isinstance(event, events.PackageBuilt):
        gate(SAVED)


#: A plugin that brings source, store and gates.
PLUGIN = SimpleNamespace(
    table_source=hook(lambda submission: _Source()),
    store=hook(lambda url: _Store(Path(settings.PACKAGER_STORE_DIRECTORY), Path(settings.PACKAGER_TEMP_DIRECTORY))),
    on_event=hook(_saved),
)


def passing_failure(*, too_slow: bool = False) -> PackagerError:
    """What a data portal may bring upon a build; one that is too slow is left to the slow cluster."""
    return SourceTooSlow("a test wanted it") if too_slow else SourceTimeout("a test wanted it")
