"""Keeps order: builds whose worker died are taken back, packages past their time are deleted."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from packager.delivery import outbox
from packager.errors import StoreError, WorkerLost
from packager.lifecycle import builds, cache, dispatch, personal_data, room, strays, transitions, workers
from packager.lifecycle.operations import promote_followers
from packager.lifecycle.transitions import Claim
from packager.models import Package, PackageRequest, Queue, Turn
from packager.security import throttles
from packager.storage import stores

log = logging.getLogger(__name__)
#: Who was served this long ago has as good a claim as who never was.
TURNS_KEPT = timedelta(days=1)


def requeue_stale() -> int:
    """Take back builds whose heartbeat stopped, and make up for tasks that got lost. Returns how many."""
    taken_back = sum(_take_back(*loss) for loss in workers.losses(PackageRequest.objects.stale()))
    lost_tasks = sum(dispatch.top_up(queue) for queue in Queue.values)
    given_up = set(PackageRequest.objects.stranded().values_list("leader", flat=True))
    for leader in given_up:
        with transaction.atomic():
            promote_followers([leader])
    return taken_back + lost_tasks + len(given_up)


def _take_back(request: PackageRequest, counts: bool) -> bool:
    log.warning("the worker %s of request %s is gone: %s", request.worker, request.pk, request)
    if counts and request.worker_failures + 1 >= settings.PACKAGER_MAX_LOSSES:
        builds.give_up(Claim(request.pk, request.attempt), WorkerLost(f"worker {request.worker}"))
        return True
    with transaction.atomic():
        note = "the worker that built it stopped" if counts else "the cluster that built it was cut off"
        if not transitions.take_back(request, note, worker_failures=int(counts)):
            return False
        dispatch.enqueue([request])
    return True


def expire_packages() -> int:
    """Delete what is past its time: packages, keys, messages sent, closed windows, and what dead builds left behind.

    Returns how many packages went.
    """
    gone = cache.expire_all(list(Package.objects.expired()))
    outbox.tidy()
    throttles.tidy()
    Turn.objects.filter(at__lt=timezone.now() - TURNS_KEPT).delete()
    personal_data.forget_old()
    PackageRequest.objects.with_old_keys().update(encrypted_key="")
    try:
        stores.default().sweep(strays.LEFTOVER_AGE)
        strays.sweep()
        gone += cache.expire_missing() + (room.keep_quota() if settings.PACKAGER_STORE_EXPIRE_OLDEST else 0)
    except StoreError:
        log.exception("the store could not be tidied up")
    return gone


def clear_packages() -> int:
    """Delete every package. Returns how many went."""
    return cache.expire_all(list(Package.objects.kept()))
