"""The only place where a job changes its state: conditional UPDATEs, fenced by ``attempt`` as builds of packages are.

What is the same thing as for a request is shared: rules of addresses, encryption, references, the hand-over to the
clusters. The states are not: a job has no leader, followers, package or store, but one running job a resource, jobs
that others replace, and jobs that wait for a CKAN that is away.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone

from packager.lifecycle import dispatch
from packager.models import new_reference
from packager.security import encryption
from packager.security.api_keys import digest
from packager.security.redaction import redact
from packager.streaming.http import RetryPolicy
from packager.titles import public_titles
from pusher.errors import CkanAway, PushCancelled, PushError, PushSuperseded
from pusher.models import ENDED, UNDER_WAY, Hook, PushJob, PushLog, State
from pusher.submission import Submission

#: Lines of a log; CKAN's page asks for all and waits 5 s.
MOST_LINES = 190
#: Jobs that a worker looks at before it finds that others have taken them all.
MOST_AT_ONCE = 20
#: Pauses after failures that may pass: 15 s, 30 s, 1 min ... for about an hour in all.
TRY_AGAIN = RetryPolicy(attempts=8, base_delay=20.0, longest_delay=900.0)
#: The queue of a job that no cluster serves, because whoever gave it runs it.
HERE = "here"


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run one job, until somebody else claims it."""

    pk: int
    attempt: int


# ----------------------------------------------------------------- the beginning


def submit(submission: Submission, *, queue: str = "fast") -> tuple[PushJob, str]:
    """Save a job and queue it after the commit; jobs of its resource that still wait give way to it.

    One of the queue ``HERE`` is left to whoever calls.

    Returns:
        The job, and its key, which nobody can read afterwards.

    Raises:
        IntegrityError: there is a job of this id.
    """
    key, now, fields = secrets.token_urlsafe(24), timezone.now(), submission.fields()
    with transaction.atomic():
        job = PushJob.objects.create(
            **fields,
            title=public_titles(fields["ckan_host"], fields["resource_id"]).resource_title,
            queue=queue,
            job_key_digest=digest(key),
            encrypted_job_key=encryption.encrypt(key),
            encrypted_api_key=encryption.encrypt(submission.api_key),
            created_at=now,
            queued_at=now,
        )
        if job.resource_id and not job.dry_run:
            _replace_waiting(job)
        if queue != HERE:
            hand_over(job)
    return job, key


def _replace_waiting(job: PushJob) -> None:
    waiting = PushJob.objects.of(job).filter(state=State.QUEUED, dry_run=False).exclude(pk=job.pk)
    error = PushSuperseded()
    # CKAN's task belongs to the newer job, which will tell it
    waiting.update(**_ended(State.FAILED), **_failure(error), hook=Hook.NONE, **ERASED)


def hand_over(job: PushJob) -> None:
    """Have its cluster do one more once the transaction is committed: the job, in its turn."""
    transaction.on_commit(partial(dispatch.hand_over, job.queue))


# ------------------------------------------------------------------- the worker


def claim_next(queue: str, worker: str) -> Claim | None:
    """Take the job of this queue that has waited longest. None if none can be begun."""
    first = PushJob.objects.ready().filter(queue=queue).order_by("queued_at", "pk").values_list("pk", flat=True)
    return next((taken for pk in first[:MOST_AT_ONCE] if (taken := claim(pk, worker))), None)


def claim(pk: int, worker: str) -> Claim | None:
    """Take a queued job to run it. None if it is not there to take, or another job of its resource runs."""
    now = timezone.now()
    start = {"started_at": now, "heartbeat_at": now, "worker": worker, "step": "", "rows_done": 0, "bytes_done": 0}
    # of one that was given up here a cluster takes care
    start |= {"writing_since": None, "queue": Case(When(queue=HERE, then=Value("slow")), default=F("queue"))}
    try:
        with transaction.atomic():
            taken = PushJob.objects.due().filter(pk=pk)
            if not taken.update(state=State.RUNNING, attempt=F("attempt") + 1, not_before=None, **start):
                return None
            return Claim(pk, PushJob.objects.values_list("attempt", flat=True).get(pk=pk))
    except IntegrityError:
        return None


def _held(claim: Claim) -> Any:
    return PushJob.objects.filter(pk=claim.pk, state=State.RUNNING, attempt=claim.attempt)


def report(claim: Claim, **progress: Any) -> bool:
    """Renew the heartbeat and note the progress. False if the job is no longer this worker's."""
    return bool(_held(claim).update(heartbeat_at=timezone.now(), **progress))


def succeed(claim: Claim, **facts: Any) -> bool:
    """The rows are in."""
    return _end(claim, State.SUCCEEDED, **facts)


def fail(claim: Claim, error: PushError, detail: str = "") -> bool:
    """The job failed for good."""
    return _end(claim, State.FAILED, **_failure(error, detail))


def _end(claim: Claim, state: str, **facts: Any) -> bool:
    with transaction.atomic():
        job = PushJob.objects.get(pk=claim.pk)
        if not _held(claim).update(**_ended(state), **_to_tell(job), **facts):
            return False
        _start_next(job)
    return True


def _to_tell(job: PushJob) -> dict[str, Any]:
    if job.result_url and not job.dry_run:
        return {"hook": Hook.PENDING, "hook_due_at": timezone.now()}
    return {"hook": Hook.NONE, **ERASED}


def _start_next(job: PushJob) -> None:
    """Another job of the resource may have come to be claimed while this one ran."""
    for waiting in PushJob.objects.of(job).due().order_by("created_at")[:2]:
        hand_over(waiting)


def try_later(claim: Claim, error: PushError) -> bool:
    """Queue the job again, for a failure that may pass. False if it has been tried often enough, or is not held."""
    job = PushJob.objects.get(pk=claim.pk)
    if job.tries + 1 >= TRY_AGAIN.attempts:
        return False
    pause = timedelta(seconds=TRY_AGAIN.delay(job.tries, CkanAway()))
    return _queue_again(_held(claim), tries=F("tries") + 1, not_before=timezone.now() + pause)


def move(claim: Claim, queue: str) -> bool:
    """Let another cluster run the job."""
    with transaction.atomic():
        if not _queue_again(_held(claim), queue=queue):
            return False
        hand_over(PushJob.objects.get(pk=claim.pk))
    return True


def _queue_again(jobs: Any, **changes: Any) -> bool:
    return bool(jobs.update(state=State.QUEUED, queued_at=timezone.now(), worker="", step="", **changes))


def take_back(job: PushJob, error: PushError, *, worker_failures: int) -> None:
    """Queue a job again whose worker died; after PACKAGER_MAX_LOSSES ``worker_failures`` it fails with ``error``."""
    held = Claim(job.pk, job.attempt)
    if worker_failures and job.worker_failures + worker_failures >= settings.PACKAGER_MAX_LOSSES:
        fail(held, error)
        return
    with transaction.atomic():
        stale = PushJob.objects.stale().filter(pk=job.pk, attempt=job.attempt)
        if _queue_again(stale, worker_failures=F("worker_failures") + worker_failures):
            write_log(job, "WARNING", "The process that loaded the file stopped; it begins anew.")
            hand_over(job)


# ----------------------------------------------------------------- what staff do


def cancel(job: PushJob, actor: str) -> bool:
    """Stop a job, running or not. A running one learns of it with its next sign of life."""
    with transaction.atomic():
        error = PushCancelled()
        under_way = PushJob.objects.filter(pk=job.pk, state__in=UNDER_WAY)
        if not under_way.update(**_ended(State.CANCELLED), **_failure(error), **_to_tell(job)):
            return False
        write_log(job, "WARNING", f"Cancelled by {actor}.")
        _start_next(job)
    return True


def retry(job: PushJob) -> bool:
    """Queue a job again that ended. False if it has not, or another of its resource is under way."""
    again = {"tries": 0, "worker_failures": 0, "not_before": None, "finished_at": None, "hook": Hook.NONE}
    forgotten = {"error": None, "error_code": "", "error_detail": "", "error_reference": "", "result": None}
    if PushJob.objects.of(job).filter(state__in=UNDER_WAY, dry_run=False).exists():
        return False
    with transaction.atomic():
        if not _queue_again(PushJob.objects.filter(pk=job.pk, state__in=ENDED), **again, **forgotten):
            return False
        write_log(job, "INFO", "Queued again.")
        hand_over(job)
    return True


# ---------------------------------------------------------------------- the parts

#: What goes when nobody has to be told any more.
ERASED: dict[str, Any] = {"encrypted_api_key": "", "encrypted_job_key": ""}


def _ended(state: str) -> dict[str, Any]:
    return {"state": state, "finished_at": timezone.now(), "step": ""}


def _failure(error: PushError, detail: str = "") -> dict[str, Any]:
    return {
        "error_code": error.code,
        "error": {"message": redact(error.message), **{name: redact(str(fact)) for name, fact in error.facts.items()}},
        "error_detail": redact(detail or error.detail),
        "error_reference": new_reference(),
    }


def write_log(job: PushJob, level: str, message: str, function: str = "push", line: int = 0) -> None:
    """A line for everybody. Of a log that is full only warnings are kept, and of those not many."""
    written = job.logs.count()
    if written < MOST_LINES or (level != "INFO" and written < MOST_LINES + 9):
        PushLog.objects.create(
            job=job, at=timezone.now(), level=level, message=redact(message)[:2000], function=function, line=line
        )
