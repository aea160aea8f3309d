"""What the processes of a cluster share. Nothing here locks, so that no process can die with a lock in its hands.

``multiprocessing.Queue`` is read under a lock, and an idle worker waits for its next task inside of it: killed there
(by hand, or because memory ran out) it left a queue that nobody could read any more.
"""

from __future__ import annotations

import pickle
import select
import socket
import tempfile
import time
from multiprocessing.sharedctypes import RawValue
from typing import Any

#: The largest message, in bytes, that goes through the socket itself; a larger one goes by a file.
INLINE = 64 * 1024
HERE, IN_A_FILE = b"h", b"f"


class Channel:
    """A queue from some processes to others, for as long as all of them are forked from one that holds it.

    A pair of sockets that keep the borders of messages: the kernel hands each message, whole, to one reader. It has the
    methods of ``multiprocessing.Queue`` that django-q calls.
    """

    def __init__(self) -> None:
        self._out, self._in = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def put(self, item: object) -> None:
        """Send ``item``; waits while too much lies there."""
        content = pickle.dumps(item)
        if len(content) <= INLINE:
            self._in.sendall(HERE + content)
            return
        with tempfile.TemporaryFile() as file:
            file.write(content)
            file.flush()
            socket.send_fds(self._in, [IN_A_FILE], [file.fileno()])

    def get(self) -> Any:
        """The next item; waits for one."""
        content, files, _, _ = socket.recv_fds(self._out, INLINE + 1, 1)
        if content[:1] == HERE:
            return pickle.loads(content[1:])  # noqa: S301  (from another process of this cluster)
        with open(files[0], "rb") as file:
            file.seek(0)
            return pickle.load(file)  # noqa: S301

    def empty(self) -> bool:
        """Whether nothing lies there."""
        poll = select.poll()
        poll.register(self._out, select.POLLIN)
        return not poll.poll(0)


class Flag:
    """Something that was said once to all processes; the methods of ``multiprocessing.Event`` that django-q calls."""

    def __init__(self) -> None:
        self._raised = RawValue("b", 0)

    def set(self) -> None:
        """Say it."""
        self._raised.value = 1

    def is_set(self) -> bool:
        """Whether it was said."""
        return bool(self._raised.value)


class Moment:
    """A point in time that one process writes and others read. All see the same monotonic clock."""

    def __init__(self) -> None:
        self._value = RawValue("d", 0.0)

    def now(self) -> None:
        """It is now."""
        self._value.value = time.monotonic()

    def clear(self) -> None:
        """It is over."""
        self._value.value = 0.0

    @property
    def age(self) -> float | None:
        """Seconds since then; None if it is over, or has not come."""
        at = self._value.value
        return time.monotonic() - at if at else None
