"""Keeps order: builds whose worker died are taken back, packages past their time are deleted."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import transaction

from packager.delivery import outbox
from packager.errors import StoreError, WorkerLost
from packager.lifecycle import builds, cache, dispatch, personal_data, room, strays, transitions, workers
from packager.lifecycle.operations import promote_followers
from packager.lifecycle.transitions import Claim
from packager.models import Package, PackageRequest, Queue
from packager.security import throttles
from packager.storage import stores

log = logging.getLogger(__name__)


def requeue_stale() -> int:
    """Take back builds whose heartbeat stopped and requests whose task got lost. Returns how many."""
    taken_back = sum(_take_back(*loss) for loss in workers.losses(PackageRequest.objects.stale()))
    # a task that still waits in the broker is not lost, however long it waits, unless later ones came before it
    idle = [queue for queue in Queue.values if dispatch.queue_length(queue) == 0]
    waiting = PackageRequest.objects.forgotten().filter(queue__in=idle).order_by("queued_at")
    forgotten = list(dict.fromkeys([*PackageRequest.objects.overtaken(), *waiting]))
    dispatch.enqueue(forgotten)
    given_up = set(PackageRequest.objects.stranded().values_list("leader", flat=True))
    for leader in given_up:
        with transaction.atomic():
            promote_followers([leader])
    return taken_back + len(forgotten) + len(given_up)


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
