"""What the clusters run."""

from __future__ import annotations

from django.conf import settings

from pusher import hooks, maintenance, running


def push(pk: int) -> None:
    """Run one job."""
    running.run(pk)


def tell(pk: int) -> None:
    """Tell CKAN how a job ended."""
    hooks.tell(pk)


def tend() -> int:
    """Take up what was dropped."""
    return maintenance.tend() if settings.PUSHER_ENABLED else 0


def delete_old() -> int:
    """Delete jobs past their time."""
    return maintenance.delete_old(settings.PUSHER_KEEP_DAYS)
