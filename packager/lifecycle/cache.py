"""When a package is handed out again, and how it goes when its time is over."""

from __future__ import annotations

import logging

from django.db import transaction
from django.utils import timezone

from packager.errors import StoreError
from packager.lifecycle import transitions
from packager.models import Package, Status
from packager.storage import filesystem

log = logging.getLogger(__name__)


def fresh_package(fingerprint: str) -> Package | None:
    """The cache rule: the newest package that a request with this fingerprint gets at once, instead of a build.

    It has the same fingerprint (``Submission.fingerprint``: the same content, made the same way, with the same CKAN
    key), is at most PACKAGER_CACHE_TIME old, has not expired, and its file is really there.
    """
    store = filesystem.default()
    return next((p for p in Package.objects.fresh(fingerprint)[:3] if store.has(p.stored_as)), None)


def expire(package: Package) -> None:
    """Delete a package's file and say so wherever it was offered.

    The file goes first: if this is interrupted, doing it again finishes it.

    Raises:
        StoreError: the file could not be deleted.
    """
    filesystem.default().delete(package.stored_as)
    with transaction.atomic():
        Package.objects.kept().filter(pk=package.pk).update(deleted_at=timezone.now())
        for request_id in package.requests.filter(status=Status.SUCCEEDED).values_list("pk", flat=True):
            transitions.expire(request_id)


def expire_all(packages: list[Package]) -> int:
    """Expire each of ``packages``; one that cannot be deleted is logged and left. Returns how many went."""
    gone = 0
    for package in packages:
        try:
            expire(package)
            gone += 1
        except StoreError:
            log.exception("package %s could not be deleted", package.pk)
    return gone
