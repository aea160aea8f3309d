"""The state of the portal in a few numbers: for ``/status``, ``manage.py status``, health and metrics."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import Count

from packager.models import Cluster, PackageRequest, Status


@dataclass(frozen=True, slots=True)
class Overview:
    """The clusters that are alive; ``requests`` are counts by state, ``waiting`` those that wait by queue."""

    clusters: tuple[Cluster, ...]
    requests: dict[str, int]
    waiting: dict[str, int] = field(default_factory=dict)

    @property
    def workers(self) -> int:
        """Processes that build, in all clusters."""
        return sum(cluster.workers for cluster in self.clusters)

    @property
    def deserted(self) -> list[str]:
        """Queues with work and no cluster."""
        served = {cluster.queue for cluster in self.clusters}
        return [queue for queue, count in self.waiting.items() if count and queue not in served]

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
    return Overview(
        clusters=tuple(Cluster.objects.alive()),
        requests={**dict.fromkeys(Status.values, 0), **dict(counted)},
        waiting={**dict.fromkeys(settings.QUEUES, 0), **dict(by_queue)},
    )
