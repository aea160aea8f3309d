"""The state of the pusher in a few numbers: for the command, the admin and the metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Min
from django.db.models.functions import Coalesce
from django.utils import timezone

from pusher.models import Hook, PushJob, State

#: Running jobs that are named.
MOST = 20


@dataclass(frozen=True, slots=True)
class Overview:
    """``states`` and ``waiting`` (by queue) are counts; ``untold`` ended and CKAN has not heard of it.

    ``longest``: seconds for which the first that could begin has waited, by queue.
    """

    states: dict[str, int]
    waiting: dict[str, int]
    longest: dict[str, float]
    untold: int
    running: list[Any]


def overview() -> Overview:
    """The numbers as they are now."""
    counted = PushJob.objects.order_by().values_list("state").annotate(Count("pk"))
    queues = PushJob.objects.filter(state=State.QUEUED).order_by().values_list("queue").annotate(Count("pk"))
    since = Coalesce("not_before", "queued_at")
    first = PushJob.objects.ready().order_by().values_list("queue").annotate(first=Min(since))
    now = timezone.now()
    return Overview(
        states={**dict.fromkeys(State.values, 0), **dict(counted)},
        waiting={"fast": 0, "slow": 0, **dict(queues)},
        longest={"fast": 0.0, "slow": 0.0, **{queue: (now - moment).total_seconds() for queue, moment in first}},
        untold=PushJob.objects.filter(hook=Hook.PENDING).count(),
        running=list(PushJob.objects.filter(state=State.RUNNING).order_by("started_at")[:MOST]),
    )
