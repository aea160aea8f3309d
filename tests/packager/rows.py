"""Requests in any state, put straight into the table."""

from __future__ import annotations

from django.utils import timezone

from packager.models import PackageRequest


def make(count: int, status: str, **changes: object) -> list[PackageRequest]:
    """``count`` requests of that status, each for something else unless the changes give them one fingerprint."""
    now = timezone.now()
    plain = {"kind": "datastore", "resource_id": "birds", "format": "csv", "queue": "fast", "email": "ada@example.org"}
    return PackageRequest.objects.bulk_create(
        PackageRequest(
            **{**plain, "fingerprint": f"{number}", "status": status, "created_at": now, "queued_at": now, **changes}
        )
        for number in range(count)
    )
