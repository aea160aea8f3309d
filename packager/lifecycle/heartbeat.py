"""Tells the database that a build is alive and how far it is, and tells the build when it is no longer wanted."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

from packager.errors import BuildFenced, PackagerError, SourceTooSlow
from packager.lifecycle import transitions
from packager.lifecycle.pace import Pace
from packager.lifecycle.signs_of_life import SignsOfLife
from packager.lifecycle.transitions import Claim
from packager.streaming.types import Progress


class Heartbeat(SignsOfLife):
    """Reports a build. See ``SignsOfLife``.

    When the build is too slow for its cluster its source is stopped as well, and what leaves the context is
    SourceTooSlow; until then the claim is held.

    Args:
        claim: of the build.
        queue: the cluster that builds.
    """

    fenced = BuildFenced

    def __init__(self, claim: Claim, queue: str) -> None:
        super().__init__(f"request {claim.request_id}")
        self.progress = Progress()
        self.pace = Pace(queue, self.progress)
        self._claim = claim
        self._too_slow = threading.Event()

    def ended_by(self) -> type[PackagerError] | None:
        """Why it ends: a lost claim counts before slowness."""
        return super().ended_by() or (SourceTooSlow if self._too_slow.is_set() else None)

    def goes_well(self) -> bool:
        """Not for a build that is, or once was, too slow."""
        if self.pace.too_slow:
            self._too_slow.set()
        return not self._too_slow.is_set()

    def watch(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """``chunks``, until the claim is lost. Raises BuildFenced."""
        for chunk in self.pace.watch(chunks):
            self.alive()
            yield chunk

    def report(self) -> bool:
        """See ``SignsOfLife.report``."""
        return transitions.report(
            self._claim,
            rows_done=self.progress.rows,
            rows_total=self.progress.total_rows,
            bytes_done=self.progress.bytes_in,
            bytes_total=self.progress.total_bytes,
        )
