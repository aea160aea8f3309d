"""Does a build get on? One that does not is handed from the fast cluster to the slow one, and there given up."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator

from django.conf import settings

from packager.models import Queue
from packager.streaming.types import Progress

#: How long the fast cluster waits for a data portal to say what there is, in seconds.
LOOK = 10.0
#: Seconds over which a cluster looks whether a build moves PACKAGER_MIN_RATE.
WINDOWS: dict[str, float] = {Queue.FAST: 60.0, Queue.SLOW: 600.0}
#: What a row counts at least, in bytes: where rows come as values, nobody knows how many bytes they were.
ROW = 100


class Pace:
    """Watches one build of the cluster ``queue``. The thread of the heartbeat asks, that of the build tells."""

    def __init__(self, queue: str, progress: Progress) -> None:
        self._queue = queue
        self._progress = progress
        self._written = 0
        self._opened = self._finished = False
        self._since = time.monotonic()
        self._seen: deque[tuple[float, int]] = deque([(self._since, 0)])

    def opened(self) -> None:
        """The data portal has said what there is."""
        self._opened = True

    def watch(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """``chunks`` of the archive. What follows the last one, making the file safe, takes what time it takes."""
        for chunk in chunks:
            self._written += len(chunk)
            yield chunk
        self._finished = True

    @property
    def too_slow(self) -> bool:
        """Whether the build takes too long for its cluster. To be asked every few seconds."""
        if self._finished or not settings.PACKAGER_MIN_RATE:
            return False
        now = time.monotonic()
        if self._queue == Queue.FAST and not self._opened:
            return now - self._since > LOOK
        moved, window = self.moved, WINDOWS[self._queue]
        if moved < self._seen[-1][1]:
            self._seen.clear()  # the table is read again from its start
        self._seen.append((now, moved))
        while len(self._seen) > 2 and now - self._seen[1][0] >= window:
            self._seen.popleft()
        began, before = self._seen[0]
        passed = now - began
        return passed >= window and moved - before < settings.PACKAGER_MIN_RATE * passed / 60

    @property
    def moved(self) -> int:
        """Bytes that have come or gone so far."""
        return self._written + self._progress.bytes_in + ROW * self._progress.rows
