"""Finds the store that PACKAGER_STORE_URL names, ours or a plugin's."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.cache import cache

from packager import plugins
from packager.errors import StoreError, StoreUnavailable
from packager.models import Package
from packager.storage.base import Store
from packager.streaming.disk import our_errors

#: Seconds.
LOOK_AGAIN = 15
#: Builds end, and the portal is not ready, while a disk has less room than this (bytes): others need some, too.
LEAST_FREE = 100 * 2**20


def default() -> Store:
    """The store of this portal. Raises StoreUnavailable if no store is known for its address."""
    try:
        store: Store = plugins.first("store", url=settings.PACKAGER_STORE_URL)
    except LookupError as error:
        scheme = settings.PACKAGER_STORE_URL.partition("://")[0]
        raise StoreUnavailable(f"PACKAGER_STORE_URL: there is no store for {scheme}") from error
    return store


def problem() -> str:
    """Why no package could be saved now, for staff; empty if one could."""
    try:
        default().check()
        short = short_of_space()
    except StoreError as error:
        return error.detail or error.code
    quota = 0 if settings.PACKAGER_STORE_EXPIRE_OLDEST else settings.PACKAGER_STORE_QUOTA
    if not short and quota and Package.objects.total_size() >= quota:
        return "PACKAGER_STORE_QUOTA is used up"
    return short


def short_of_space(more: int = 0) -> str:
    """Which disk has less than ``LEAST_FREE`` left, or will have if ``more`` bytes go to the store; empty if none.

    Raises:
        StoreUnavailable: the store, or the temporary folder, cannot be asked.
    """
    temporary = Path(settings.PACKAGER_TEMP_DIRECTORY)
    with our_errors():
        temporary.mkdir(parents=True, exist_ok=True)
        disks: list[tuple[str, int | None, int]] = [
            ("PACKAGER_TEMP_DIRECTORY", shutil.disk_usage(temporary).free, LEAST_FREE),
            ("the store", default().free(), LEAST_FREE + more),
        ]
    short = ((name, free, need) for name, free, need in disks if free is not None and free < need)
    return next((f"{name} has {free:,} bytes free and needs {need:,}" for name, free, need in short), "")


@dataclass(frozen=True, slots=True)
class State:
    """What is to be told of the store: its ``problem``, the bytes for which there is room (where that is known), how
    many packages are known to be ``missing`` from it, and the bytes that packages have ``used`` of the ``quota``."""

    problem: str
    free: int | None
    missing: int
    used: int
    quota: int


def state() -> State:
    """How the store was at most ``LOOK_AGAIN`` seconds ago: pages that live ask often, and it may be far away."""
    known: State | None = cache.get("store_state")
    if known is None:
        missing, used = Package.objects.missing().count(), Package.objects.total_size()
        known = State(problem(), free(), missing, used, settings.PACKAGER_STORE_QUOTA)
        cache.set("store_state", known, LOOK_AGAIN)
    return known


def free() -> int | None:
    """The bytes for which there is room; None where that cannot be told."""
    try:
        return default().free()
    except StoreError:
        return None
