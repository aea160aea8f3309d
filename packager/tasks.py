"""What the clusters run."""

from __future__ import annotations

from uuid import UUID

from packager import builds, caretaker, deliveries


def build_package(request_id: str) -> None:
    """Build the package of one request, if it is there to build."""
    builds.build(UUID(request_id))


def deliver(delivery_id: int) -> None:
    """Send one delivery, if it is due."""
    deliveries.deliver(delivery_id)


def send_due_deliveries() -> int:
    """Hand over the deliveries whose time has come."""
    return deliveries.send_due()


def requeue_stale() -> int:
    """Take back the builds of workers that died."""
    return caretaker.requeue_stale()


def expire_packages() -> int:
    """Delete what is past its time."""
    return caretaker.expire_packages()
