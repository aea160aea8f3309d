"""The disk's own errors, made ours: one rule for packages, for what waits aside, and for temporary files.

Short, because the engine and the store share it and neither stands above the other.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from packager.errors import StoreFull, StoreUnavailable

_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def our_errors() -> Iterator[None]:
    """Turns what the system says of a disk into an error of ours. Its text may hold a path, so only the cause is told.

    Raises:
        StoreFull: no room, or none for this user.
        StoreUnavailable: anything else: read-only, gone, not allowed, broken.
    """
    try:
        yield
    except OSError as error:
        kind = StoreFull if error.errno in _FULL else StoreUnavailable
        raise kind(f"{type(error).__name__}: {error.strerror}") from error
