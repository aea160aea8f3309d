"""What staff do with failures: try all of a cause again, or settle them with a note."""

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


def settle(errors: ErrorQuerySet, by: AbstractUser, note: str) -> int:
    """Mark those that are not settled yet. Returns how many that were."""
    return errors.filter(settled_at=None).update(settled_at=timezone.now(), settled_by=by, settled_note=note[:500])
