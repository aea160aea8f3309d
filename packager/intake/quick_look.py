"""A look at a data portal that is over in so many seconds whatever happens, few at once in a process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from django.db import connections

from packager.errors import SourceTimeout

T = TypeVar("T")
#: How long a page waits for an answer, in all.
SECONDS = 2.0
#: As many looks at once in one process of the web server; it has more threads than that.
AT_ONCE = 3

_places = threading.BoundedSemaphore(AT_ONCE)


def quick_look(look: Callable[[], T], stop: Callable[[], None], seconds: float = SECONDS) -> T:
    """What ``look`` returns, or raises.

    It runs in a thread of its own: neither silence nor an answer that drips in byte by byte, nor a name server that is
    silent, which nobody can interrupt, holds up who waits. The place is free again when the thread has ended.

    Args:
        look: asks the data portal.
        stop: ends that, from another thread.
        seconds: how long to wait for it.

    Raises:
        SourceTimeout: not in time, or too many others look at this moment.
    """
    if not _places.acquire(blocking=False):
        raise SourceTimeout("too many looks at once")
    answer: Future[T] = Future()

    def ask() -> None:
        try:
            answer.set_result(look())
        except BaseException as error:
            answer.set_exception(error)
        finally:
            connections.close_all()  # plugins may have asked the database
            _places.release()

    threading.Thread(target=ask, name="quick-look", daemon=True).start()
    try:
        return answer.result(seconds)
    except TimeoutError:
        stop()
        raise SourceTimeout(f"no answer within {seconds} s") from None
