"""Room for packages, on the disks and in the quota of the store. A build ends before either is used up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from django.conf import settings

from packager.errors import StoreFull
from packager.intake import routing
from packager.lifecycle import cache
from packager.lifecycle.patience import patiently
from packager.models import Package
from packager.storage import stores
from packager.streaming.types import Progress
from packager.submission import Submission

#: Bytes that a build moves between two looks at the disks.
LOOK_EVERY = 8 * 2**20


class Room:
    """The room that one build takes.

    Args:
        moved: how many bytes it has read and written so far.
    """

    def __init__(self, moved: Callable[[], int]) -> None:
        self._moved = moved
        self._written = 0

    def watch(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """``chunks`` of the archive, while there is room. Raises StoreFull, StoreUnavailable."""
        next_look = 0
        for chunk in chunks:
            self._written += len(chunk)
            if self._moved() >= next_look:
                next_look = self._moved() + LOOK_EVERY
                patiently(lambda: check(self._written, on_disk=0))
            yield chunk

    def claim(self) -> None:
        """All is written: make the room in the quota that it takes. Raises StoreError."""
        patiently(lambda: make_room(self._written))


def expected(submission: Submission, progress: Progress) -> int:
    """The bytes that a package will have, as far as can be told when its source is open; 0 where nobody knows.

    For a table its rows, times the bytes a row that packages like it had; for a file what its server says.
    """
    size, _ = routing.expectations(submission, progress.total_rows)
    return size or progress.total_bytes or 0


def check(size: int, *, on_disk: int) -> None:
    """Whether a package of ``size`` bytes has room, of which so many are still to be written ``on_disk``.

    Raises:
        StoreFull: it has not; the detail says where.
        StoreUnavailable: the store cannot be asked.
    """
    if short := stores.short_of_space(on_disk):
        raise StoreFull(short)
    quota = settings.PACKAGER_STORE_QUOTA
    kept = 0 if settings.PACKAGER_STORE_EXPIRE_OLDEST or not quota else Package.objects.total_size()
    if quota and kept + size > quota:
        raise StoreFull(f"{kept + size:,} bytes, and PACKAGER_STORE_QUOTA is {quota:,}")


def make_room(size: int) -> None:
    """Expire the oldest packages until one of ``size`` bytes has room in the quota.

    Raises:
        StoreFull: it is larger than the quota, or packages shall not go before their time.
        StoreError: one could not be deleted.
    """
    check(size, on_disk=0)
    if settings.PACKAGER_STORE_EXPIRE_OLDEST:
        keep_quota(size)


def keep_quota(size: int = 0) -> int:
    """Expire the oldest packages until the quota has ``size`` bytes left, or none is left. Returns how many went.

    Raises:
        StoreError: one could not be deleted.
    """
    gone, quota = 0, settings.PACKAGER_STORE_QUOTA
    while quota and Package.objects.total_size() + size > quota:
        oldest = Package.objects.kept().order_by("created_at").first()
        if oldest is None:
            break
        cache.expire(oldest, "newer packages needed its room in the store")
        gone += 1
    return gone
