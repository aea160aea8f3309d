"""What staff do with failures: try all of a cause again, or mark them as resolved with a note."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.utils import timezone

from packager.lifecycle import bulk
from packager.lifecycle.bulk import Tally
from packager.models import PackageRequest
from packager.querysets import ErrorQuerySet


def retry_cause(code: str, actor: str) -> Tally:
    """Queue every request again whose last build failed for this cause."""
    return bulk.retry_many(PackageRequest.objects.failed(error_code=code), actor)


def resolve(errors: ErrorQuerySet, by: AbstractUser, note: str) -> int:
    """Mark those that are still open as resolved. Returns how many that were."""
    return errors.filter(resolved_at=None).update(resolved_at=timezone.now(), resolved_by=by, resolved_note=note[:500])
