"""The signs of life of the clusters.

django-q keeps the state of a cluster in the cache, without the name of its queue, in a list that two clusters starting
at once overwrite for each other. A row in the database that every machine sees is simpler and sure.
"""

from __future__ import annotations

import socket
from datetime import datetime, timedelta
from typing import Any

from django.db import close_old_connections
from django.utils import timezone

from packager.models import Cluster

#: Seconds between two signs of life.
INTERVAL = 5


class SignOfLife:
    """That of the cluster ``queue`` with so many ``workers``, whose main process is ``pid`` on this machine.

    ``started_at`` tells it from a former one that had the same process id, as in a container that was started again.
    """

    def __init__(self, queue: str, workers: int, pid: int, started_at: datetime) -> None:
        self._place = {"host": socket.gethostname(), "pid": pid}
        self._who = {"queue": queue, **self._place, "started_at": started_at}
        self._facts: dict[str, Any] = {"workers": workers}

    def show(self, wedged_for: float | None) -> None:
        """Renew it. ``wedged_for``: seconds for which the cluster has taken no task that was due; None if it does."""
        close_old_connections()
        now = timezone.now()
        wedged_since = None if wedged_for is None else now - timedelta(seconds=wedged_for)
        changes = {"seen_at": now, "wedged_since": wedged_since}
        if Cluster.objects.filter(**self._who).update(**changes):
            return
        Cluster.objects.exclude(pk__in=Cluster.objects.alive()).delete()
        Cluster.objects.filter(**self._place).delete()
        Cluster.objects.create(**self._who, **self._facts, **changes)

    def take_back(self) -> None:
        """The cluster takes no more tasks."""
        close_old_connections()
        Cluster.objects.filter(**self._who).delete()
