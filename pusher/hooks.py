"""Tells CKAN how a job is: that it still runs, and, until CKAN has heard it, how it ended."""

from __future__ import annotations

import json
import logging
import time
from contextlib import closing
from datetime import timedelta
from typing import Any

from django.utils import timezone

from packager.errors import PackagerError, SourceError
from packager.security import encryption
from packager.streaming.http import RetryPolicy
from pusher import wire
from pusher.clients import ckan_client
from pusher.errors import CkanAway, PushError
from pusher.lifecycle import ERASED
from pusher.models import Hook, PushJob
from pusher.writing.ckan import Ckan

log = logging.getLogger(__name__)
#: Seconds that CKAN gets to write down that the job is its own (ckan#4959).
PATIENCE = 10.0
#: Pauses between tries, for a day in all.
AGAIN = RetryPolicy(base_delay=10.0, longest_delay=1800.0)
GIVE_UP_AFTER = timedelta(days=1)
#: No second sender while one is at it.
LEASE = timedelta(minutes=2)


def tell(pk: int) -> None:
    """Tell CKAN how the job ended, if that is due. Never raises what a CKAN that is away makes."""
    due = PushJob.objects.to_tell().filter(pk=pk)
    if not due.update(hook_due_at=timezone.now() + LEASE):
        return
    job = PushJob.objects.get(pk=pk)
    if _newer(job):
        # CKAN's task is the newer job's by now
        _note(job, hook=Hook.NONE, **ERASED)
        return
    try:
        _wait_for_task(job)
        problem = _post(job, wire.status_of(job))
    except PackagerError as error:
        problem = f"{error.message} {error.detail}".strip()
    _told(job, problem)


def _newer(job: PushJob) -> bool:
    later = PushJob.objects.of(job).filter(pk__gt=job.pk, dry_run=False, result_url=job.result_url)
    return later.exists()


def _told(job: PushJob, problem: str) -> None:
    if not problem:
        _note(job, hook=Hook.TOLD, hook_error="", **ERASED)
        return
    log.warning("CKAN was not told about push %s: %s", job.pk, problem)
    if job.finished_at is None or timezone.now() - job.finished_at > GIVE_UP_AFTER:
        _note(job, hook=Hook.GIVEN_UP, hook_error=problem[:300], **ERASED)
        return
    pause = timedelta(seconds=AGAIN.delay(min(job.hook_tries, 20), CkanAway()))
    _note(job, hook_tries=job.hook_tries + 1, hook_due_at=timezone.now() + pause, hook_error=problem[:300])


def _note(job: PushJob, **changes: Any) -> None:
    PushJob.objects.filter(pk=job.pk, hook=Hook.PENDING, attempt=job.attempt).update(**changes)


def renew(job: PushJob) -> None:
    """Tell CKAN that the job still is under way, so that it sends no other."""
    PushJob.objects.filter(pk=job.pk).update(renewed_at=timezone.now())
    try:
        problem = _post(job, "pending")
    except PackagerError as error:
        problem = error.message
    if problem:
        log.warning("CKAN was not told that push %s still runs: %s", job.pk, problem)


def _post(job: PushJob, status: str) -> str:
    """What went wrong; empty if CKAN took it."""
    key = encryption.decrypt(job.encrypted_api_key) or ""
    body = wire.job_dict(job, job_key=encryption.decrypt(job.encrypted_job_key)) | {"status": status}
    name, found, value = key.partition(":")
    headers = {"Content-Type": "application/json"}
    headers[name.strip() if found else "Authorization"] = value.strip() if found else key
    with closing(ckan_client()) as client:
        try:
            answer, _ = client.ask(job.result_url, json.dumps(body).encode(), headers)
        except SourceError as error:
            return f"{error.message} {error.detail}".strip()
    return "" if answer == 200 else f"HTTP {answer}"


def _wait_for_task(job: PushJob) -> None:
    """CKAN writes ``pending`` after our answer to its post: what is told before is overwritten."""
    if not job.ckan_url:
        return
    asked = {"entity_id": job.resource_id, "task_type": "datapusher", "key": "datapusher"}
    until = time.monotonic() + PATIENCE
    with closing(ckan_client()) as client:
        ckan = Ckan(client, job.ckan_url, encryption.decrypt(job.encrypted_api_key) or "")
        while time.monotonic() < until:
            try:
                task = ckan.find("task_status_show", asked)
            except PushError:
                return
            if task is None or (_job_of(task) == job.job_id and task.get("state") != "submitting"):
                return
            client.pause(0.2)


def _job_of(task: Any) -> str:
    try:
        return str(json.loads(task["value"]).get("job_id", ""))
    except (KeyError, TypeError, ValueError, AttributeError):
        return ""
