"""The state of the portal in a few numbers: for ``/status``, ``manage.py status``, health and metrics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, Q
from django.utils import timezone

from packager.models import MAIL, Cluster, Delivery, PackageRequest, Status

#: What other rooms tell of themselves, by their names: facts with a ``sentence``, or None where they are off.
others: dict[str, Callable[[], dict[str, Any] | None]] = {}


@dataclass(frozen=True, slots=True)
class Overview:
    """The clusters that are alive, and what waits for each.

    ``requests`` are counts by state; ``waiting`` counts requests by queue, and for ``mail`` what has to be sent.
    ``longest`` are the seconds for which the first of them has waited: of requests those that are built themselves.
    """

    clusters: tuple[Cluster, ...]
    requests: dict[str, int]
    waiting: dict[str, int] = field(default_factory=dict)
    longest: dict[str, float] = field(default_factory=dict)

    @property
    def workers(self) -> int:
        """Processes that build, in all clusters."""
        return sum(cluster.workers for cluster in self.clusters if cluster.queue != MAIL)

    @property
    def deserted(self) -> list[str]:
        """Clusters for which something waits, and none of that name is alive."""
        served = {cluster.queue for cluster in self.clusters}
        return [queue for queue, count in self.waiting.items() if count and queue not in served]

    @property
    def wedged(self) -> list[str]:
        """Clusters that are alive and take no task, though one is due and a worker is free."""
        return sorted({cluster.queue for cluster in self.clusters if cluster.wedged_since})

    @property
    def queued(self) -> int:
        """Requests that wait."""
        return self.requests[Status.QUEUED]


def overview() -> Overview:
    """The numbers as they are now."""
    counted = PackageRequest.objects.order_by().values_list("status").annotate(Count("pk"))
    queued = PackageRequest.objects.filter(status=Status.QUEUED).order_by().values("queue")
    by_queue = queued.annotate(count=Count("pk"), first=Min("queued_at", filter=Q(leader=None)))
    due = Delivery.objects.due().order_by().aggregate(count=Count("pk"), first=Min("next_attempt_at"))
    lines: dict[str, Any] = {name: {"count": 0, "first": None} for name in settings.QUEUES}
    lines |= {line["queue"]: line for line in by_queue} | {MAIL: due}
    now = timezone.now()
    return Overview(
        clusters=tuple(Cluster.objects.alive()),
        requests={**dict.fromkeys(Status.values, 0), **dict(counted)},
        waiting={name: line["count"] for name, line in lines.items()},
        longest={name: (now - (line["first"] or now)).total_seconds() for name, line in lines.items()},
    )
