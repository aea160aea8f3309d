"""Keeps a worker small.

glibc keeps large blocks that were freed for the next ones, in an arena for each thread, and so a worker that reads
pages of megabytes in several threads grows for hours. With a fixed threshold such blocks go back to the system at
once. See mallopt(3).
"""

from __future__ import annotations

import ctypes
import sys

#: Parameters of mallopt, from glibc's malloc.h.
M_MMAP_THRESHOLD = -3
M_ARENA_MAX = -8
#: Blocks from this size on (bytes) are mapped on their own.
LARGE = 512 * 1024


def give_back_large_blocks() -> None:
    """Set it for this process and those that it forks. Does nothing where the C library is not glibc."""
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGE)
        mallopt(M_ARENA_MAX, 2)
