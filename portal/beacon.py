"""Which queue a cluster works on. django-q's own status tells host and process of a cluster, but not its name."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django_q.status import Stat


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that gave a sign of life within the last seconds. ``queue`` is empty if nobody knows its name."""

    queue: str
    host: str
    pid: int
    workers: int
    status: str
    since: datetime | None


def _key(host: str, pid: int) -> str:
    return f"portal-cluster-{host}-{pid}"


def announce(queue: str) -> None:
    """This process is the main process of a cluster that works on ``queue``."""
    cache.set(_key(socket.gethostname(), os.getpid()), queue, timeout=None)


def clusters() -> Iterator[Cluster]:
    """The clusters that are alive now."""
    for stat in Stat.get_all():
        queue = cache.get(_key(stat.host, stat.pid), "")
        yield Cluster(queue, stat.host, stat.pid, len(stat.workers), str(stat.status), stat.tob)
