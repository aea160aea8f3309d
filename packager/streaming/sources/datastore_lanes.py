"""Rows that several COPYs write at a time, read in order."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Iterator

from packager.errors import DatastoreUnreachable

Rows = list[bytes]


class Lanes:
    """Blocks of rows in numbered lanes: threads write a lane each, one thread reads lane after lane.

    What lies here stays bounded: who writes waits while it is ``room`` bytes or more, unless the reader waits for it.
    Whoever reads waits for at most ``silence`` seconds.
    """

    def __init__(self, room: int, silence: float) -> None:
        self._room, self._silence = room, silence
        self._changed = threading.Condition()
        self._blocks: defaultdict[int, deque[tuple[Rows, int]]] = defaultdict(deque)
        self._size = 0
        self._read = 0
        self._ended: set[int] = set()
        self._last: int | None = None
        self._error: BaseException | None = None
        self._closed = False

    def put(self, lane: int, rows: Rows, size: int) -> bool:
        """Write ``size`` bytes of rows. False if nobody wants any more."""
        with self._changed:
            # the lane that is read may always bring the next block, or nobody would move
            self._changed.wait_for(
                lambda: self._closed or self._size < self._room or (lane == self._read and not self._blocks[lane])
            )
            if self._closed:
                return False
            self._blocks[lane].append((rows, size))
            self._size += size
            self._changed.notify_all()
        return True

    def end(self, lane: int) -> None:
        """Nothing more comes in ``lane``."""
        with self._changed:
            self._ended.add(lane)
            self._changed.notify_all()

    def finish(self, lanes: int) -> None:
        """There are so many lanes, and no more."""
        with self._changed:
            self._last = lanes
            self._changed.notify_all()

    def fail(self, error: BaseException) -> None:
        """Who reads gets this error; nobody writes any more."""
        with self._changed:
            self._error = self._error or error
            self._closed = True
            self._changed.notify_all()

    def close(self) -> None:
        """Nobody reads any more."""
        with self._changed:
            self._closed = True
            self._blocks.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[Rows]:
        """The blocks in order. Raises what a writer failed with; DatastoreUnreachable if nothing comes."""
        while (rows := self._take()) is not None:
            yield rows

    def _take(self) -> Rows | None:
        with self._changed:
            while not self._closed and not self._blocks[self._read]:
                if self._read == self._last:
                    return None
                if self._read in self._ended:
                    self._read += 1
                    self._changed.notify_all()
                elif not self._changed.wait(self._silence):
                    raise DatastoreUnreachable("no row came in time")
            if self._error is not None:
                raise self._error
            if self._closed:
                return None
            rows, size = self._blocks[self._read].popleft()
            self._size -= size
            self._changed.notify_all()
            return rows
