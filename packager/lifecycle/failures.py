"""What is done about failures: all of a cause are tried again, with a look before, or they are resolved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db.models import Count, Exists, Max, Min, OuterRef, Q
from django.utils import timezone

from packager.lifecycle import bulk
from packager.lifecycle.bulk import Tally
from packager.lifecycle.operations import Retry
from packager.models import PackageError, PackageRequest
from packager.querysets import KEY_GONE, ErrorQuerySet, RequestQuerySet

#: The note on an error that nobody had to see to.
SUCCEEDED_LATER = "The request succeeded later."


@dataclass(frozen=True, slots=True)
class RetryPreview:
    """What a retry of all would do.

    Attributes:
        count: requests that would be queued again.
        oldest, newest: when the first and the last of them failed; None if there are none.
        mails: those of them with an address, to which a mail goes when they are done.
        too_old, resolved, without_key: failed ones that would be left: their failure is too long ago; else it is
            resolved; else the CKAN key that they need is gone.
    """

    count: int
    oldest: datetime | None
    newest: datetime | None
    mails: int
    too_old: int
    resolved: int
    without_key: int

    @property
    def left_out(self) -> int:
        """All that would be left."""
        return self.too_old + self.resolved + self.without_key


def preview_retry(
    code: str = "", *, resource_id: str = "", since: datetime | None = None, all_ages: bool = False
) -> RetryPreview:
    """What ``retry_cause`` would do with the same arguments; nothing is changed."""
    failed, old = _failed(code, resource_id, since, all_ages)
    seen_to = resolved()
    taken = ~old & ~seen_to & ~KEY_GONE
    numbers = failed.aggregate(
        count=Count("pk", filter=taken),
        oldest=Min("finished_at", filter=taken),
        newest=Max("finished_at", filter=taken),
        mails=Count("pk", filter=taken & Q(email__contains="@")),
        too_old=Count("pk", filter=old),
        resolved=Count("pk", filter=~old & seen_to),
        without_key=Count("pk", filter=~old & ~seen_to & KEY_GONE),
    )
    return RetryPreview(**numbers)


def retry_cause(
    code: str,
    actor: str,
    *,
    resource_id: str = "",
    since: datetime | None = None,
    all_ages: bool = False,
) -> Tally:
    """Queue every request again that failed for this cause, unless its error is resolved.

    Args:
        code: that of the errors; empty for every cause.
        actor: who wants it, for the history.
        resource_id: only those of this resource.
        since: only those that failed then or later. Without it, those of the last PACKAGER_RETRY_MAX_AGE days.
        all_ages: those of any age.
    """
    failed, old = _failed(code, resource_id, since, all_ages)
    return bulk.many(Retry(actor), failed.exclude(old | resolved()))


def resolved() -> Q:
    """Requests whose last error is resolved. Who joined a build shares the error of its leader: the reference tells."""
    errors = PackageError.objects.filter(reference=OuterRef("error_reference"), resolved_at__isnull=False)
    return Q(Exists(errors))


def _failed(code: str, resource_id: str, since: datetime | None, all_ages: bool) -> tuple[RequestQuerySet, Q]:
    """Those that failed, and which of them are too old."""
    filters: dict[str, Any] = {"error_code": code, "resource_id": resource_id, "finished_at__gte": since}
    failed = PackageRequest.objects.failed(**{name: value for name, value in filters.items() if value})
    # so long ago that nobody should hear of them by accident
    old = Q(finished_at__lt=timezone.now() - timedelta(days=settings.PACKAGER_RETRY_MAX_AGE))
    return failed, Q(pk__in=[]) if all_ages or since else old


def resolve(errors: ErrorQuerySet, by: AbstractUser | None, note: str) -> int:
    """Mark those that are still open as resolved, ``by`` somebody or by what happened. Returns how many that were."""
    return errors.filter(resolved_at=None).update(resolved_at=timezone.now(), resolved_by=by, resolved_note=note[:500])
