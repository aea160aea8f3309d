"""Signs of life of work that a worker has claimed, from a thread of its own: for builds, pushes and whatever comes."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import ClassVar, Self

from django.conf import settings
from django.db import connection

from packager.errors import PackagerError
from packager.lifecycle.patience import AWAY, patiently

log = logging.getLogger(__name__)


class SignsOfLife(ABC):
    """A context in which claimed work reports every PACKAGER_HEARTBEAT seconds, also while it waits for others.

    When the claim is lost (cancelled, or taken back) the work is stopped from the thread, and whatever it then raises
    leaves the context as ``fenced``.

    Args:
        work: what the log calls it.
    """

    fenced: ClassVar[type[PackagerError]]

    def __init__(self, work: str) -> None:
        self._work = work
        self._stop: Callable[[], None] = lambda: None
        self._over, self._lost = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    @abstractmethod
    def report(self) -> bool:
        """Tell the database that the work goes on, and how far it is. False if the claim is lost."""

    def ended_by(self) -> type[PackagerError] | None:
        """What has stopped the work; None while nothing has."""
        return self.fenced if self._lost.is_set() else None

    def goes_well(self) -> bool:
        """Whether the work shall go on; asked after each report. If not, it is stopped, and ``ended_by`` says why."""
        return True

    def stops(self, stop: Callable[[], None]) -> Self:
        """This context, in which ``stop`` ends the work: from the other thread, or now if it shall end already."""
        self._stop = stop
        if self.ended_by():
            stop()
        return self

    def alive(self) -> None:
        """Raises ``fenced`` if the claim was lost when last reported: for where it is asked often."""
        if self._lost.is_set():
            raise self.fenced

    def confirm(self) -> None:
        """Raises ``fenced`` if the claim is lost by now. Waits for a database that is away."""
        if self._lost.is_set() or not patiently(self.report):
            raise self.fenced

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        reason = self.ended_by()
        if reason and isinstance(error, Exception):
            raise reason from error

    def _beat(self) -> None:
        try:
            while not self._lost.is_set() and not self._over.wait(settings.PACKAGER_HEARTBEAT):
                try:
                    held = self.report()
                except AWAY as error:
                    # the claim is lost only when the database says so; a connection that broke is of no more use
                    log.warning("the heartbeat of %s could not be written: %s", self._work, type(error).__name__)
                    connection.close()
                    continue
                if not held:
                    self._lost.set()
                if not held or not self.goes_well():
                    self._stop()
        finally:
            connection.close()
