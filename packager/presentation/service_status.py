"""The state of the portal in a few numbers: for ``/status``, ``manage.py status``, health and metrics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import Count

from packager.models import MAIL, Cluster, Delivery, PackageRequest, Status

#: What other rooms tell of themselves, by their names: facts with a ``sentence``, or None where they are off.
others: dict[str, Callable[[], dict[str, Any] | None]] = {}


@dataclass(frozen=True, slots=True)
class Overview:
    """The clusters that are alive, and what waits for each.

    ``requests`` are counts by state; ``waiting`` counts requests by queue, and for ``mail`` what has to be sent.
    """

    clusters: tuple[Cluster, ...]
    requests: dict[str, int]
    waiting: dict[str, int] = field(default_factory=dict)

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

    @property
    def processed(self) -> int:
        """Requests that have come to an end."""
        return sum(count for status, count in self.requests.items() if status not in (Status.QUEUED, Status.RUNNING))


def overview() -> Overview:
    """The numbers as they are now."""
    counted = PackageRequest.objects.order_by().values_list("status").annotate(Count("pk"))
    by_queue = PackageRequest.objects.filter(status=Status.QUEUED).order_by().values_list("queue").annotate(Count("pk"))
    waiting = {**dict.fromkeys(settings.QUEUES, 0), **dict(by_queue), MAIL: Delivery.objects.due().count()}
    return Overview(
        clusters=tuple(Cluster.objects.alive()),
        requests={**dict.fromkeys(Status.values, 0), **dict(counted)},
        waiting=waiting,
    )
