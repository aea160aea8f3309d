"""Hands builds to the clusters. A broker that is away loses nothing: ``maintenance.requeue_stale`` tries again.

A task names no request. It means: one more of this queue; which one is decided when a worker begins it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import partial

from django.conf import settings
from django.db import transaction
from django_q.brokers import get_broker
from django_q.tasks import async_task

from packager import turns
from packager.lifecycle import neighbours
from packager.models import MAIL, PackageRequest, Queue, Status

log = logging.getLogger(__name__)


def enqueue(rows: Iterable[PackageRequest]) -> None:
    """Hand over as many builds as these are, once the transaction is committed.

    Many go by way of one task: a broker takes its time for each, and a web request has none.
    """
    queues = [row.queue for row in rows]
    if len(queues) > 1:
        transaction.on_commit(partial(start, "packager.tasks.hand_over", queues, MAIL))
    elif queues:
        transaction.on_commit(partial(hand_over, queues[0]))


def hand_over(queue: str) -> None:
    """Have a cluster do one more of this queue now."""
    start("packager.tasks.build_next", queue, queue)


def top_up(queue: str, most: int | None = None) -> int:
    """Hand over what could be begun and for which the broker holds no task, at ``most`` so many.

    Returns how many. One too many does no harm: it finds nothing to begin.
    """
    missing = max(0, turns.line(queue).ready + neighbours.ready(queue) - queue_length(queue))
    count = missing if most is None else min(missing, most)
    for _ in range(count):
        hand_over(queue)
    return count


def begin_held_back() -> None:
    """A build has ended: if its requester had as many under way as one may have, the next one can be begun."""
    most = settings.PACKAGER_MAX_PER_REQUESTER
    try:
        if most and PackageRequest.objects.filter(status=Status.RUNNING).count() >= most - 1:
            for queue in Queue.values:
                top_up(queue, most=1)
    except Exception:  # of database and broker; the build is over all the same, and the schedule sees to the rest
        log.exception("whether others can be begun could not be found out")


def start(task: str, argument: object, queue: str) -> None:
    """Hand any task to a cluster now. Whoever calls has saved what is to be done, and finds it again if this fails."""
    try:
        async_task(task, argument, cluster=queue)
    except Exception:  # whatever the broker's client raises
        # the requests are saved, and found again by the schedule
        log.exception("%s could not be handed to the queue %s", task, queue)


def queue_length(queue: str) -> int:
    """How many tasks wait in the broker for this cluster."""
    return int(get_broker(queue).queue_size())
