"""Finds the store that PACKAGER_STORE_URL names, ours or a plugin's."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache

from packager import plugins
from packager.errors import StoreError, StoreUnavailable
from packager.models import Package
from packager.storage.base import Store

#: Seconds.
LOOK_AGAIN = 15


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
    except StoreError as error:
        return error.detail or error.code
    return ""


@dataclass(frozen=True, slots=True)
class State:
    """What is to be told of the store: its ``problem``, the bytes for which there is room (where that is known), and
    how many packages are known to be ``missing`` from it."""

    problem: str
    free: int | None
    missing: int


def state() -> State:
    """How the store was at most ``LOOK_AGAIN`` seconds ago: pages that live ask often, and it may be far away."""
    known: State | None = cache.get("store")
    if known is None:
        known = State(problem(), free(), Package.objects.missing().count())
        cache.set("store", known, LOOK_AGAIN)
    return known


def free() -> int | None:
    """The bytes for which there is room; None where that cannot be told."""
    try:
        return default().free()
    except StoreError:
        return None
