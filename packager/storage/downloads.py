"""How many packages a web process sends at once, so that slow readers leave threads for everything else.

Where a web server in front sends the packages, or the bucket itself, no thread waits for readers, and nothing is
counted here.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any

from django.conf import settings

from packager.errors import DownloadsBusy
from packager.storage.base import Reader

_lock, _under_way = threading.Lock(), [0]


class _Held:
    """A reader that gives its place back when it is closed, or forgotten."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._leave = weakref.finalize(self, _leave)

    def close(self) -> None:
        """See ``Reader``."""
        try:
            self._reader.close()
        finally:
            self._leave()

    def __getattr__(self, name: str) -> Any:
        # with fileno and tell the system itself sends a file
        return getattr(self._reader, name)


def in_turn(opened: Callable[[int, int], Reader]) -> Callable[[int, int], Reader]:
    """``opened``, for a reader of which this process has at most PACKAGER_DOWNLOADS_AT_ONCE open.

    Raises:
        DownloadsBusy: when it is called, as long as there are so many.
    """

    def opening(start: int, length: int) -> Reader:
        _enter()
        try:
            reader = opened(start, length)
        except BaseException:
            _leave()
            raise
        return _Held(reader)

    return opening


def _enter() -> None:
    most = settings.PACKAGER_DOWNLOADS_AT_ONCE
    with _lock:
        if most and _under_way[0] >= most:
            raise DownloadsBusy
        _under_way[0] += 1


def _leave() -> None:
    with _lock:
        _under_way[0] -= 1
