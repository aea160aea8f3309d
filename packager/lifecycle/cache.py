"""When a package is handed out again, and how it goes when its time is over."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from packager import events
from packager.errors import StoreError
from packager.lifecycle import transitions
from packager.models import Package, Status
from packager.storage import missing, stores

log = logging.getLogger(__name__)
#: How long a file may be missing before its package counts as gone: a disk may have to be mounted again.
PATIENCE = timedelta(hours=1)


def fresh_package(fingerprint: str) -> Package | None:
    """The cache rule: the newest package that a request with this fingerprint gets at once, instead of a build.

    It has the same fingerprint (``Submission.fingerprint``: the same content, begun after the last change of the data
    that is known, made the same way, with the same CKAN key), is at most PACKAGER_CACHE_TIME old, has not expired, and
    its file is really there.
    """
    for package in Package.objects.fresh(fingerprint)[:3]:
        try:
            if stores.default().has(package.stored_as):
                return package
            missing.note([package])
        except StoreError as error:
            # the request is accepted all the same; by the time it is built the store may answer again
            log.warning("package %s cannot be looked for: %s", package.pk, error)
    return None


def expire(package: Package, why: str = "the package was deleted") -> None:
    """Delete a package's file and say so wherever it was offered; ``why`` goes into the history.

    The file goes first: if this is interrupted, doing it again finishes it.

    Raises:
        StoreError: the file could not be deleted.
    """
    stores.default().delete(package.stored_as)
    with transaction.atomic():
        now = timezone.now()
        if Package.objects.kept().filter(pk=package.pk).update(deleted_at=now):
            expired = events.PackageExpired(
                at=now, package_id=package.pk, resource_id=package.resource_id, format=package.format
            )
            events.announce(expired, on_commit=transaction.on_commit)
        for request_id in package.requests.filter(status=Status.SUCCEEDED).values_list("pk", flat=True):
            transitions.expire(request_id, why)


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


def expire_missing(patience: timedelta = PATIENCE) -> int:
    """Expire packages whose files have been missing for as long as ``patience``. Returns how many.

    Those whose files are back, a disk having been mounted again, are offered again. Where the store holds nothing at
    all, they expire only without ``patience``.

    Raises:
        StoreError: the store cannot be asked.
    """
    known, store = list(Package.objects.missing()), stores.default()
    back = [package for package in known if store.has(package.stored_as)]
    missing.note_found(back)
    gone = [package for package in known if package not in back and package.missing_since <= timezone.now() - patience]
    if patience and not any(store.listing()):
        # rather a disk that is not mounted than every package lost
        return 0
    for package in gone:
        expire(package, "its file was missing from the store")
    return len(gone)
