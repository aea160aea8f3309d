"""Compares the store with the tables: packages without their files, and files without a package."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import timedelta

from packager.lifecycle import cache, strays
from packager.lifecycle.strays import Owner
from packager.models import Package
from packager.storage import missing, stores
from packager.storage.base import Kept


@dataclass(slots=True)
class Comparison:
    """What was found.

    Attributes:
        packages: how many should be in the store.
        missing: those of them whose files are not there.
        files, size: how many files of ours are there, and their bytes.
        strays: files that builds of this portal left a day ago or earlier.
        strangers: files that no build known here has made, which are left alone.
    """

    packages: int = 0
    missing: list[Package] = field(default_factory=list)
    files: int = 0
    size: int = 0
    strays: list[Kept] = field(default_factory=list)
    strangers: list[Kept] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Repaired:
    """How many packages were marked as gone, and how many files were deleted."""

    packages: int
    files: int


def compare() -> Comparison:
    """Look at every file and every package. Staff see from then on which are missing, and people are told.

    Where nothing is there at all, the disk is probably not mounted, and nothing is noted.

    Raises:
        StoreError: the store cannot be read.
    """
    found, now, there = Comparison(), time.time(), set[str]()
    for one in strays.examine(stores.default().listing()):
        there.add(one.file.name)
        found.files, found.size = found.files + 1, found.size + one.file.size
        if one.is_stray(now):
            found.strays.append(one.file)
        elif one.owner is Owner.STRANGER:
            found.strangers.append(one.file)
    _look_for_packages(found, there)
    return found


def _look_for_packages(found: Comparison, there: set[str]) -> None:
    store, back = stores.default(), []
    for package in Package.objects.kept().order_by("created_at").iterator():
        found.packages += 1
        # what was stored after the listing was begun is not in it
        if package.stored_as not in there and not store.has(package.stored_as):
            found.missing.append(package)
        elif package.missing_since:
            back.append(package)
    if found.files:
        missing.note(found.missing)
    missing.note_found(back)


def repair(found: Comparison) -> Repaired:
    """Let requests expire whose packages are missing, so that they can be recreated, and delete the strays.

    Raises:
        StoreError: the store cannot be written.
    """
    missing.note(found.missing)
    gone = cache.expire_missing(timedelta(0))
    return Repaired(gone, sum(strays.discard(file.name) for file in found.strays))
