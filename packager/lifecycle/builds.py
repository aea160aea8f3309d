"""Builds one package: claim, stream, store, tell. The engine does the streaming; this is its foreman."""

from __future__ import annotations

import logging
import os
import re
import socket
import time
import traceback
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_q.exceptions import TimeoutException

from packager import assembly, events
from packager.delivery import deliveries
from packager.errors import BuildFenced, BuildTimeout, PackagerError
from packager.lifecycle import requests, transitions
from packager.lifecycle.heartbeat import Heartbeat
from packager.lifecycle.transitions import Claim
from packager.models import Delivery, Package, PackageError, PackageRequest, Status
from packager.security.redaction import redact
from packager.storage import filesystem
from packager.storage.filesystem import Stored
from packager.streaming import notes
from packager.streaming.pipeline import Summary
from packager.submission import from_request

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A stored archive and what is known about it."""

    fingerprint: str
    stored: Stored
    summary: Summary
    seconds: float


def worker_name() -> str:
    """Host and process that build."""
    return f"{socket.gethostname()}:{os.getpid()}"


def build(request_id: UUID) -> None:
    """Build the package of one request. Does nothing if the request is not there to be claimed."""
    claim = transitions.claim(request_id, worker_name())
    if claim is None:
        log.info("request %s is not there to be built", request_id)
        return
    try:
        _finish(claim, _stream(claim))
    except BuildFenced:
        log.info("request %s was taken from this worker", request_id)
    except PackagerError as error:
        give_up(claim, error)
    except TimeoutException:
        give_up(claim, BuildTimeout())
        raise
    except Exception as error:
        log.exception("request %s failed in an unexpected way", request_id)
        unexpected = PackagerError(type(error).__name__)
        unexpected.__cause__ = error
        give_up(claim, unexpected)


def _stream(claim: Claim) -> Outcome:
    submission, started = from_request(PackageRequest.objects.get(pk=claim.request_id)), time.monotonic()
    # not that of the request: settings and formats may be others by now than when it was accepted
    fingerprint = submission.fingerprint
    with Heartbeat(claim) as heartbeat:
        job = assembly.Job(submission)
        heartbeat.stops(job.stop)
        with closing(job.open(heartbeat.progress)) as build:
            stored = filesystem.default().save(heartbeat.watch(build), before_publishing=heartbeat.confirm)
    return Outcome(fingerprint, stored, build.summary, time.monotonic() - started)


def _finish(claim: Claim, outcome: Outcome) -> None:
    try:
        with transaction.atomic():
            request = PackageRequest.objects.select_for_update().get(pk=claim.request_id)
            package = _save_package(request, outcome)
            progress = {"rows_done": package.rows or 0, "bytes_done": package.size}
            if not transitions.succeed(claim, package, **progress):
                raise BuildFenced
            followers = _followers(request)
            transitions.share(followers, package)
            built: dict[str, Any] = {"rows": package.rows, "size": package.size, "seconds": package.build_seconds}
            transaction.on_commit(partial(events.publish, events.PackageBuilt(**request.event_facts(), **built)))
            for served in [request, *followers]:
                requests.announce_served(served, package)
    except BaseException:
        filesystem.default().delete(outcome.stored.name)
        raise


def _save_package(request: PackageRequest, outcome: Outcome) -> Package:
    now, stored, summary = timezone.now(), outcome.stored, outcome.summary
    return Package.objects.create(
        fingerprint=outcome.fingerprint,
        stored_as=stored.name,
        file_name=file_name(request),
        resource_id=request.resource_id,
        format=request.format,
        size=stored.size,
        rows=summary.rows,
        sha256=stored.sha256,
        members=[list(member) for member in summary.members],
        notes=[notes.saved(note) for note in summary.notes],
        build_seconds=outcome.seconds,
        created_at=now,
        expires_at=now + timedelta(days=settings.PACKAGER_EXPIRY_DAYS),
    )


def file_name(request: PackageRequest) -> str:
    """What the download is called: resource and format, in characters that every system takes."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", request.resource_id).strip(".-") or "package"
    return f"{safe[:150]}.{request.format}.zip" if request.format else f"{safe[:150]}.zip"


def give_up(claim: Claim, error: PackagerError) -> None:
    """Note that a build failed, for its request and for all that joined it, and tell them."""
    with transaction.atomic():
        request = PackageRequest.objects.select_for_update().get(pk=claim.request_id)
        saved = _save_error(request, claim.attempt, error)
        if not transitions.fail(claim, saved):
            transaction.set_rollback(True)
            return
        followers = _followers(request)
        transitions.fail_followers(followers, saved)
        why: dict[str, Any] = {"code": saved.code, "message": saved.message, "reference": saved.reference}
        for failed in [request, *followers]:
            deliveries.announce(failed, Delivery.Subject.FAILED)
            transaction.on_commit(partial(events.publish, events.RequestFailed(**failed.event_facts(), **why)))


def _followers(request: PackageRequest) -> list[PackageRequest]:
    return list(request.followers.select_for_update().filter(status=Status.QUEUED).order_by("created_at"))


def _save_error(request: PackageRequest, attempt: int, error: PackagerError) -> PackageError:
    trace = "".join(traceback.format_exception(error)) if error.__traceback__ or error.__cause__ else error.detail
    return PackageError.objects.create(
        request=request,
        resource_id=request.resource_id,
        attempt=attempt,
        code=error.code,
        retryable=error.retryable,
        params=notes.saved_params(error.params, redact),
        message=redact(error.message)[:1000],
        detail=redact(trace),
        at=timezone.now(),
    )
