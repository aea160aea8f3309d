"""Files in the store that no package owns. None is deleted before a fresh look at the database says so."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice

from django.db import connection

from packager.models import Package, PackageRequest, Status
from packager.storage import names, stores
from packager.storage.base import Kept

log = logging.getLogger(__name__)
#: A file this old (seconds) that has no package yet will never have one.
LEFTOVER_AGE = 24 * 3600
BATCH = 500


class Owner(Enum):
    """To whom a file of the store belongs."""

    PACKAGE = auto()
    #: To a build of this portal that made it and did not come to save its package, or has not come to it yet.
    BUILD = auto()
    #: To somebody else: to another portal, or to one that this one's database was restored from.
    STRANGER = auto()


@dataclass(frozen=True, slots=True)
class Found:
    """A file and its owner."""

    file: Kept
    owner: Owner

    def is_stray(self, now: float) -> bool:
        """Whether it was left behind by one of our builds. ``now`` in seconds since 1970."""
        return self.owner is Owner.BUILD and self.file.modified < now - LEFTOVER_AGE


def discard(name: str) -> bool:
    """Delete a file, unless a package owns it. Returns whether it was nobody's.

    Raises:
        DatabaseError: nobody can say whose it is; it stays.
        StoreError: it could not be deleted.
    """
    if not connection.in_atomic_block:
        # what this connection did last may be the very thing whose outcome is in doubt
        connection.close_if_unusable_or_obsolete()
    if Package.objects.kept().filter(stored_as=name).exists():
        return False
    stores.default().delete(name)
    return True


def sweep() -> int:
    """Delete the files of builds that died between storing a package and saving it. Returns how many."""
    now, swept = time.time(), 0
    for found in examine(stores.default().listing()):
        if found.is_stray(now) and discard(found.file.name):
            log.warning("%s was left by a build that died; it is deleted", found.file.name)
            swept += 1
    return swept


def examine(files: Iterable[Kept]) -> Iterator[Found]:
    """Whose each file is. Asks the database for many at a time."""
    rest = iter(files)
    while batch := list(islice(rest, BATCH)):
        builds = {file.name: names.build_of(file.name) for file in batch}
        owned = set(Package.objects.kept().filter(stored_as__in=builds).values_list("stored_as", flat=True))
        requests = PackageRequest.objects.in_bulk([build[0] for build in builds.values() if build])
        for file in batch:
            request_id, attempt = builds[file.name] or (None, 0)
            request = requests.get(request_id) if request_id else None
            # a database that was restored, or copied for a trial, has requests of the same id, whose later attempts it
            # never saw; and a build that runs has yet to save its package
            last = request.attempt - (request.status == Status.RUNNING) if request else -1
            owner = Owner.BUILD if attempt <= last else Owner.STRANGER
            yield Found(file, Owner.PACKAGE if file.name in owned else owner)
