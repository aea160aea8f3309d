"""What a worker does with a job: claim, attempt, end, tell. Every failure ends here as one of our errors."""

from __future__ import annotations

import logging
import traceback

from django.db import transaction
from django_q.exceptions import TimeoutException

from packager.errors import PackagerError
from packager.lifecycle.changes import resource_changed
from packager.lifecycle.workers import worker_name
from pusher import hooks, lifecycle
from pusher.errors import PushError, PushFenced, PushTimeout
from pusher.heartbeat import Heartbeat
from pusher.lifecycle import Claim
from pusher.models import PushJob
from pusher.pushing import OtherQueue, Outcome, Pushing

log = logging.getLogger(__name__)


def run_next(queue: str) -> bool:
    """Run the job of this queue that has waited longest. False if none can be begun."""
    claim = lifecycle.claim_next(queue, worker_name())
    if claim is not None:
        _run(claim)
    return claim is not None


def run(pk: int) -> None:
    """Run this very job, if it is there to be run."""
    claim = lifecycle.claim(pk, worker_name())
    if claim is None:
        log.info("push %s is not there to be run", pk)
    else:
        _run(claim)


def _run(claim: Claim) -> None:
    """Bring the job to its end, and tell CKAN of it."""
    try:
        _succeed(claim, attempt(claim))
    except PushFenced:
        log.info("push %s was taken from this worker", claim.pk)
    except OtherQueue:
        lifecycle.move(claim, "slow")
        return
    except TimeoutException:
        _fail(claim, PushTimeout())
        raise
    except Exception as error:
        _fail(claim, ours(error))
    hooks.tell(claim.pk)


def retry(job: PushJob) -> bool:
    """Queue an ended job again and let CKAN know. False if its API key is gone, or it has not ended."""
    if not job.encrypted_api_key or not lifecycle.retry(job):
        return False
    hooks.renew(job)
    return True


def attempt(claim: Claim) -> Outcome:
    """One attempt at a claimed job. Raises what ``Pushing.run`` raises; PushFenced."""
    job = PushJob.objects.get(pk=claim.pk)
    heartbeat = Heartbeat(claim)
    pushing = Pushing(job, heartbeat.progress, heartbeat.confirm, heartbeat.alive)
    with heartbeat.stops(pushing.stop):
        return pushing.run()


def ours(error: Exception) -> PushError:
    """``error``, or one of ours in its place."""
    if isinstance(error, PushError):
        return error
    unexpected = PushError(error.detail if isinstance(error, PackagerError) else type(error).__name__)
    unexpected.__cause__ = error
    if not isinstance(error, PackagerError):
        log.error("a push failed in an unexpected way", exc_info=error)
    return unexpected


def _succeed(claim: Claim, outcome: Outcome) -> None:
    with transaction.atomic():
        if not lifecycle.succeed(claim, **outcome.facts):
            raise PushFenced
        if outcome.changed:
            job = PushJob.objects.get(pk=claim.pk)
            # CKAN calls itself by the address of its callbacks, requests may come by another: an id is one's own
            resource_changed(job.resource_id, source="pusher")


def _fail(claim: Claim, error: PushError) -> None:
    job = PushJob.objects.get(pk=claim.pk)
    if error.retryable and lifecycle.try_later(claim, error):
        lifecycle.write_log(job, "WARNING", f"{error.message} It will be tried again.")
        return
    lifecycle.write_log(job, "ERROR", error.message)
    lifecycle.fail(claim, error, "".join(traceback.format_exception(error)))
