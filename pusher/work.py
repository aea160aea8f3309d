"""Pushes as work that waits in the clusters' queues beside builds."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max

from pusher import running
from pusher.models import PushJob


class Pushes:
    """See ``packager.lifecycle.neighbours.Neighbour``."""

    def ready(self, queue: str) -> int:
        """Jobs that could be begun."""
        return PushJob.objects.ready().filter(queue=queue).count()

    def last_begun(self, queue: str) -> datetime | None:
        """When the last attempt at a job began."""
        begun: datetime | None = PushJob.objects.filter(queue=queue).aggregate(at=Max("started_at"))["at"]
        return begun

    def do_next(self, queue: str) -> bool:
        """Run the job that has waited longest."""
        return running.run_next(queue)
