"""What staff see first: what runs, what waits and why, what failed, and how busy the portal has been."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from messaging import state as messaging
from packager import turns
from packager.models import PackageError, PackageRequest, Status
from packager.presentation.progress import Progress, progress_of
from packager.presentation.service_status import Overview, overview
from packager.presentation.status import why_waiting
from packager.storage import stores
from pusher import overview as pushes
from stats import queries, resource_names
from stats.buckets import series
from stats.plots import plot

#: Days that the plots show, and lines in a list.
DAYS, MOST = 30, 10


@dataclass(frozen=True, slots=True)
class Running:
    """A build under way. ``lost`` says that its worker has given no sign of life for too long."""

    request: PackageRequest
    progress: Progress
    lost: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request in a queue, and why it is not built yet."""

    request: PackageRequest
    why: str


@dataclass(frozen=True, slots=True)
class Line:
    """A queue: the oldest requests in it, and how many more there are."""

    queue: str
    oldest: list[Waiting]
    count: int
    deserted: bool


def now() -> dict[str, Any]:
    """What changes from one second to the next; a fixed number of queries."""
    state = overview()
    failures = PackageError.objects.filter(at__gte=timezone.now() - timedelta(days=1)).by_cause()
    return {
        "state": state,
        "running": _running(),
        "lines": [_line(queue, state) for queue in settings.QUEUES],
        "failures": list(failures),
        "store": stores.state(),
        "messaging": messaging.state(),
        "pushes": pushes.overview() if settings.PUSHER_ENABLED else None,
        "at": timezone.now(),
    }


def _running() -> list[Running]:
    stale = timezone.now() - timedelta(seconds=settings.PACKAGER_STALE_AFTER)
    rows = PackageRequest.objects.filter(status=Status.RUNNING).order_by("started_at")
    return [
        Running(request, progress_of(request), bool(request.heartbeat_at and request.heartbeat_at < stale))
        for request in rows[: 2 * MOST]
    ]


def _line(queue: str, state: Overview) -> Line:
    rows = PackageRequest.objects.filter(status=Status.QUEUED, queue=queue).select_related("leader")
    oldest, deserted = list(rows.order_by("queued_at")[:MOST]), queue in state.deserted
    places = turns.places(oldest)
    because = "no cluster is running for this queue" if deserted else ""
    waiting = [Waiting(row, because or why_waiting(row, places.get(row.pk))) for row in oldest]
    return Line(queue, waiting, state.waiting.get(queue, 0), deserted)


def lately() -> dict[str, Any]:
    """The last days: a plot of requests and packages, top resources, bytes served."""
    today = timezone.now().date()
    days = series(today - timedelta(days=DAYS - 1), today, "day")
    rows = queries.per_day(since=days[0])
    columns = {"requests": "requests served", "builds": "packages built", "errors": "failures"}
    top = queries.per_resource(since=days[0])[:MOST]
    names = resource_names.names([row["resource_id"] for row in top], public=False)
    return {
        "plot": plot("days", f"Requests and packages a day, last {DAYS} days", days, rows, columns),
        "top": [{**row, "resource": names[row["resource_id"]]} for row in top],
        "sums": {name: sum(row[name] for row in rows) for name in ("requests", "builds", "errors", "bytes")},
        "days": DAYS,
    }
