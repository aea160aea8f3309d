"""Hands builds to the clusters. A broker that is away loses nothing: ``maintenance.requeue_stale`` tries again."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import partial

from django.db import transaction
from django_q.brokers import get_broker
from django_q.tasks import async_task

from packager.models import MAIL, PackageRequest

log = logging.getLogger(__name__)


def enqueue(rows: Iterable[PackageRequest]) -> None:
    """Hand these builds over once the transaction is committed.

    Many go by way of one task: a broker takes its time for each, and a web request has none.
    """
    ids = [(str(row.pk), row.queue) for row in rows]
    if len(ids) > 1:
        transaction.on_commit(partial(start, "packager.tasks.hand_over", ids, MAIL))
    elif ids:
        transaction.on_commit(partial(hand_over, *ids[0]))


def hand_over(request_id: str, queue: str) -> None:
    """Hand one build to its cluster now."""
    start("packager.tasks.build_package", request_id, queue)


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
