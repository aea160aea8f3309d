"""The state of the pusher in a few numbers: for the command, the admin and the metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from pusher.models import Hook, PushJob, State

#: Running jobs that are named.
MOST = 20


@dataclass(frozen=True, slots=True)
class Overview:
    """``states`` and ``waiting`` (by queue) are counts; ``untold`` ended and CKAN has not heard of it."""

    states: dict[str, int]
    waiting: dict[str, int]
    untold: int
    running: list[Any]


def overview() -> Overview:
    """The numbers as they are now."""
    counted = PushJob.objects.order_by().values_list("state").annotate(Count("pk"))
    queues = PushJob.objects.filter(state=State.QUEUED).order_by().values_list("queue").annotate(Count("pk"))
    return Overview(
        states={**dict.fromkeys(State.values, 0), **dict(counted)},
        waiting={"fast": 0, "slow": 0, **dict(queues)},
        untold=PushJob.objects.filter(hook=Hook.PENDING).count(),
        running=list(PushJob.objects.filter(state=State.RUNNING).order_by("started_at")[:MOST]),
    )
