"""When a broker that was lost is tried again."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass

#: Seconds until the next try: 1, 2, 4 and so on up to the last.
LONGEST = 30
#: Seconds between two looks whether a pause is over before its time.
LOOK = 0.2


def pause(failures: int) -> float:
    """Seconds to wait after so many failures in a row, with jitter."""
    seconds: float = min(2.0 ** (failures - 1), LONGEST)
    return seconds * random.uniform(0.8, 1.2)  # noqa: S311 - no secret


@dataclass(slots=True)
class Found:
    """How many times a broker was found by any of the threads that share this."""

    times: int = 0


class Pauses:
    """The pauses of one thread between its tries, which grow from failure to failure.

    Args:
        stop: ends every pause.
        found: shared by threads that wait for the same broker: when one of them finds it, no other waits on.
    """

    def __init__(self, stop: threading.Event, found: Found | None = None) -> None:
        self._stop, self.found = stop, found or Found()
        self._failures = 0

    def over(self) -> None:
        """It goes well again: the next pause is a short one."""
        self._failures = 0

    def wait(self) -> None:
        """Wait until the next try."""
        self._failures += 1
        until, before = time.monotonic() + pause(self._failures), self.found.times
        while (left := until - time.monotonic()) > 0 and self.found.times == before:
            if self._stop.wait(min(left, LOOK)):
                return
