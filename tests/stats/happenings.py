"""Events for tests: each call makes one and publishes it, as the packager would."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

from packager import events

MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def _common(**changes: object) -> dict[str, object]:
    common = {
        "at": MOMENT,
        "request_id": uuid4(),
        "resource_id": "birds",
        "ckan_host": "ckan.example",
        "format": "csv",
        "email": "someone@example.com",
    }
    return {**common, **changes}


def served(resource_id: str = "birds", email: str = "someone@example.com", **changes: object) -> None:
    facts = {"rows": 10, "size": 1000, "cached": False, **changes}
    events.publish(events.RequestServed(**_common(resource_id=resource_id, email=email, **facts)))


def failed(resource_id: str = "birds", email: str = "someone@example.com", **changes: object) -> None:
    facts = {"code": "source", "message": "It failed.", "reference": "PP-1", **changes}
    events.publish(events.RequestFailed(**_common(resource_id=resource_id, email=email, **facts)))


def built(request_id: UUID | None = None, **changes: object) -> None:
    facts = {"rows": 10, "size": 1000, "seconds": 2.5, "request_id": request_id or uuid4(), **changes}
    events.publish(events.PackageBuilt(**_common(**facts)))


def downloaded(size: int = 1000, **changes: object) -> None:
    events.publish(events.PackageDownloaded(**_common(size=size, **changes)))
