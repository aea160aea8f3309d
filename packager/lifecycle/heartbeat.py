"""Tells the database that a build is alive and how far it is, and tells the build when it is no longer wanted."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType

from django.conf import settings
from django.db import DatabaseError, connection

from packager.errors import BuildFenced
from packager.lifecycle import transitions
from packager.lifecycle.transitions import Claim
from packager.streaming.types import Progress

log = logging.getLogger(__name__)


class Heartbeat:
    """A context in which a build is reported every PACKAGER_HEARTBEAT seconds, from a thread of its own.

    The thread goes on while the build waits for CKAN. When the claim is lost (cancelled, or taken back) it stops the
    source, so that waiting ends, and whatever the build then raises leaves the context as BuildFenced.
    """

    def __init__(self, claim: Claim) -> None:
        self.progress = Progress()
        self._claim = claim
        self._stop_source: Callable[[], None] = lambda: None
        self._over = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        if isinstance(error, Exception) and self._lost.is_set():
            raise BuildFenced from error

    def stops(self, stop_source: Callable[[], None]) -> None:
        """Call ``stop_source`` (from the other thread) when the claim is lost, or now if it is lost already."""
        self._stop_source = stop_source
        if self._lost.is_set():
            stop_source()

    def watch(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """``chunks``, until the claim is lost. Raises BuildFenced."""
        for chunk in chunks:
            if self._lost.is_set():
                raise BuildFenced
            yield chunk

    def confirm(self) -> None:
        """Raises BuildFenced if the claim is lost by now."""
        if self._lost.is_set() or not self._report():
            raise BuildFenced

    def _report(self) -> bool:
        return transitions.report(
            self._claim,
            rows_done=self.progress.rows,
            rows_total=self.progress.total_rows,
            bytes_done=self.progress.bytes_in,
            bytes_total=self.progress.total_bytes,
        )

    def _beat(self) -> None:
        try:
            while not self._over.wait(settings.PACKAGER_HEARTBEAT):
                try:
                    held = self._report()
                except DatabaseError:
                    # the database may be away for a moment; the claim is lost only when it says so
                    log.exception("the heartbeat of request %s could not be written", self._claim.request_id)
                    continue
                if not held:
                    self._lost.set()
                    self._stop_source()
                    return
        finally:
            connection.close()
