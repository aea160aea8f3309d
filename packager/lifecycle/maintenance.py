"""Keeps order: builds whose worker died are taken back, packages past their time are deleted."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import transaction

from packager.errors import WorkerLost
from packager.lifecycle import builds, cache, dispatch, transitions
from packager.lifecycle.operations import promote_followers
from packager.lifecycle.transitions import Claim
from packager.models import Package, PackageRequest, Queue
from packager.storage import filesystem

log = logging.getLogger(__name__)
#: An unfinished file this old (seconds) belongs to no build that still runs.
LEFTOVER_AGE = 24 * 3600


def requeue_stale() -> int:
    """Take back builds whose heartbeat stopped and requests whose task got lost. Returns how many."""
    taken_back = sum(_take_back(request) for request in PackageRequest.objects.stale())
    # a task that still waits in the broker is not lost, however long it waits
    idle = [queue for queue in Queue.values if dispatch.queue_length(queue) == 0]
    forgotten = list(PackageRequest.objects.forgotten().filter(queue__in=idle))
    dispatch.enqueue(forgotten)
    given_up = set(PackageRequest.objects.stranded().values_list("leader", flat=True))
    for leader in given_up:
        with transaction.atomic():
            promote_followers([leader])
    return taken_back + len(forgotten) + len(given_up)


def _take_back(request: PackageRequest) -> bool:
    log.warning("the worker %s of request %s is gone", request.worker, request.pk)
    if request.worker_failures + 1 >= settings.PACKAGER_MAX_LOSSES:
        builds.give_up(Claim(request.pk, request.attempt), WorkerLost(f"worker {request.worker}"))
        return True
    with transaction.atomic():
        if not transitions.take_back(request, "the worker that built it stopped"):
            return False
        dispatch.enqueue([request])
    return True


def expire_packages() -> int:
    """Delete packages past their time, old keys, and what dead builds left behind. Returns how many packages went."""
    gone = cache.expire_all(list(Package.objects.expired()))
    PackageRequest.objects.with_old_keys().update(encrypted_key="")
    filesystem.default().sweep(LEFTOVER_AGE)
    return gone


def clear_packages() -> int:
    """Delete every package. Returns how many went."""
    return cache.expire_all(list(Package.objects.kept()))
