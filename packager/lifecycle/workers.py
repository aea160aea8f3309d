"""Who builds, and whose fault it is when a worker dies."""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from django.conf import settings

from packager.models import Cluster

#: Work that was begun so many times PACKAGER_MAX_LOSSES and never came to an end is suspected of killing its clusters.
SUSPICIOUS = 10


class Claimed(Protocol):
    """Work whose worker gives signs of life. ``attempt`` counts how often it was begun."""

    worker: Any
    attempt: Any
    started_at: Any
    heartbeat_at: Any


T = TypeVar("T", bound=Claimed)


def worker_name() -> str:
    """Host, cluster and process: ``host:pid of its main process:pid``. To be called in a worker."""
    return f"{socket.gethostname()}:{os.getppid()}:{os.getpid()}"


def losses(stale: Iterable[T]) -> list[tuple[T, bool]]:
    """Each of ``stale``, whose workers are silent, and whether that counts against the work itself.

    It does where the worker died and nothing else of its cluster did. Whoever kills a whole cluster, or several of its
    workers at once (a machine that is switched off, memory that runs out), has nothing against the work.
    """
    silent = list(stale)
    lost_with = Counter(_cluster(work) for work in silent)
    return [(work, _counts(work, lost_with[_cluster(work)])) for work in silent]


def _cluster(work: Claimed) -> tuple[str, str] | None:
    host, _, pid = str(work.worker).rpartition(":")[0].rpartition(":")
    return (host, pid) if host and pid.isdigit() else None


def _counts(work: Claimed, lost_at_once: int) -> bool:
    cluster = _cluster(work)
    if cluster is None or work.attempt >= SUSPICIOUS * settings.PACKAGER_MAX_LOSSES:
        return True
    # host and pid alone would not do: a container that is started again has those of the one before
    went_on = Cluster.objects.filter(
        host=cluster[0],
        pid=cluster[1],
        started_at__lte=work.started_at,
        seen_at__gt=work.heartbeat_at + timedelta(seconds=2 * settings.PACKAGER_HEARTBEAT),
    )
    return lost_at_once == 1 and went_on.exists()
