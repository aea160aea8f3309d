"""Keeps order among the jobs, by the clock."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings

from packager.lifecycle import dispatch, workers
from packager.models import MAIL
from pusher import hooks, lifecycle
from pusher.errors import PusherLost
from pusher.models import PushJob, State

#: Hooks that one task tells.
AT_ONCE = 20


def tend() -> int:
    """Take up what was dropped: dead workers, CKANs not told. Returns how many.

    Tasks that got lost are made up for by the portal's own maintenance, which knows of all that is ready.
    """
    stale = workers.losses(PushJob.objects.stale())
    for job, counts in stale:
        lifecycle.take_back(job, PusherLost(f"worker {job.worker}"), worker_failures=int(counts))
    untold = list(PushJob.objects.to_tell().order_by("hook_due_at").values_list("pk", flat=True)[:AT_ONCE])
    for pk in untold:
        dispatch.start("pusher.tasks.tell", pk, MAIL)
    for job in PushJob.objects.to_renew()[:AT_ONCE]:
        hooks.renew(job)
    return len(stale) + len(untold)


def delete_old(days: float) -> int:
    """Delete jobs that ended more than ``days`` days ago, and what dead attempts left. Returns how many jobs went."""
    sweep()
    return PushJob.objects.ended_before(days).delete()[1].get("pusher.PushJob", 0)


def sweep() -> None:
    """Delete the files of attempts that are over."""
    running = {f"push-{pk}-{attempt}" for pk, attempt in _running()}
    for left in Path(settings.PACKAGER_TEMP_DIRECTORY).glob("push-*-*"):
        if left.name not in running:
            shutil.rmtree(left, ignore_errors=True)


def _running() -> list[tuple[int, int]]:
    return list(PushJob.objects.filter(state=State.RUNNING).values_list("pk", "attempt"))
