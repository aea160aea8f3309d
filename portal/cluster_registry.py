"""The signs of life of the clusters.

django-q keeps the state of a cluster in the cache, without the name of its queue, in a list that two clusters starting
at once overwrite for each other. A row in the database that every machine sees is simpler and sure.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from packager.models import Cluster

#: Seconds between two signs of life.
INTERVAL = 5


@contextmanager
def registered(queue: str, workers: int) -> Iterator[Callable[[], None]]:
    """Announces the cluster whose main process this is; gives the function that renews its sign of life."""
    now = timezone.now()
    Cluster.objects.exclude(pk__in=Cluster.objects.alive()).delete()
    cluster = Cluster.objects.create(
        queue=queue, host=socket.gethostname(), pid=os.getpid(), workers=workers, started_at=now, seen_at=now
    )
    try:
        yield lambda: _renew(cluster)
    finally:
        close_old_connections()
        cluster.delete()


def _renew(cluster: Cluster) -> None:
    close_old_connections()
    try:
        Cluster.objects.filter(pk=cluster.pk).update(seen_at=timezone.now())
    except DatabaseError:
        # the database may be away for a moment; the cluster goes on, and so does this
        return
