"""Builds one package: claim, stream, store, tell. The engine does the streaming; this is its foreman."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone, translation
from django_q.exceptions import TimeoutException

from packager import assembly, events
from packager.delivery import deliveries
from packager.errors import (
    BuildFenced,
    BuildTimeout,
    ChangedWhileRead,
    PackagerError,
    SourceTooSlow,
    StoreError,
    Unavailable,
)
from packager.intake import routing
from packager.lifecycle import changes, dispatch, requests, room, strays, titles, transitions, workers
from packager.lifecycle.heartbeat import Heartbeat
from packager.lifecycle.patience import AWAY, patiently
from packager.lifecycle.transitions import Claim
from packager.models import Delivery, Package, PackageError, PackageRequest, Queue, Status, new_reference
from packager.security.redaction import hide, hiding, redact
from packager.storage import file_names, names, stores
from packager.storage.base import Stored
from packager.streaming import notes
from packager.streaming.pipeline import Summary
from packager.submission import Submission, from_request

log = logging.getLogger(__name__)
#: How often a table is read again that changed while it was read.
READ_AGAIN = 3


class ForTheSlow(Exception):
    """The slow cluster shall build it; says why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A stored archive and what is known about it."""

    fingerprint: str
    stored: Stored
    summary: Summary
    seconds: float


def build_next(queue: str) -> bool:
    """Build the package of the request of this queue whose turn it is. False if none can be begun."""
    claim = transitions.claim_next(queue, workers.worker_name())
    if claim is None:
        return False
    try:
        with hiding():
            _build(claim)
    finally:
        dispatch.begin_held_back()
    return True


def _build(claim: Claim) -> None:
    try:
        _finish(claim, _stream(claim))
    except ForTheSlow as reason:
        patiently(partial(_hand_over, claim, str(reason)))
    except BuildFenced:
        log.info("request %s was taken from this worker", claim.request_id)
    except PackagerError as error:
        give_up(claim, error)
    except TimeoutException:
        give_up(claim, BuildTimeout())
        raise
    except AWAY:
        log.exception("request %s fails: the database has been away for too long", claim.request_id)
        give_up(claim, Unavailable())
    except Exception as error:
        reference = new_reference()
        log.exception("request %s failed in an unexpected way, reference %s", claim.request_id, reference)
        unexpected = PackagerError(type(error).__name__)
        unexpected.__cause__ = error
        give_up(claim, unexpected, reference)


def _stream(claim: Claim) -> Outcome:
    started = time.monotonic()
    request = patiently(partial(PackageRequest.objects.get, pk=claim.request_id))
    submission = patiently(lambda: changes.current(from_request(request)))
    hide(submission.key)
    # not that of the request: data, settings and formats may be others by now than when it was accepted
    fingerprint = submission.fingerprint
    try:
        with Heartbeat(claim, request.queue) as heartbeat:
            stored, summary = _read_until_whole(claim, request, submission, heartbeat)
    except SourceTooSlow as error:
        if request.queue == Queue.FAST:
            raise ForTheSlow(f"the data portal is too slow ({error.code})") from error
        raise
    return Outcome(fingerprint, stored, summary, time.monotonic() - started)


def _read_until_whole(
    claim: Claim, request: PackageRequest, submission: Submission, heartbeat: Heartbeat
) -> tuple[Stored, Summary]:
    """Begins again, a few times, when the table changed so that what was read is not whole."""
    for _ in range(READ_AGAIN):
        try:
            return _read(claim, request, submission, heartbeat)
        except ChangedWhileRead as error:
            log.info("request %s is read again: %s", claim.request_id, error.detail)
            heartbeat.progress.rows = heartbeat.progress.bytes_in = 0
    return _read(claim, request, submission, heartbeat)


def _read(
    claim: Claim, request: PackageRequest, submission: Submission, heartbeat: Heartbeat
) -> tuple[Stored, Summary]:
    job = patiently(partial(assembly.Job, submission))
    heartbeat.stops(job.stop)
    job.titles = patiently(partial(titles.learn, request))
    log.info("request %s is being built: %s", request.pk, request)
    with closing(job.open(heartbeat.progress)) as build:
        heartbeat.pace.opened()
        rows = heartbeat.progress.total_rows
        if request.queue == Queue.FAST and routing.queue_for(submission, rows) == Queue.SLOW:
            raise ForTheSlow("nobody knows how many rows it has" if rows is None else f"it has {rows:,} rows")
        expected = patiently(partial(room.expected, submission, heartbeat.progress))
        patiently(partial(room.check, expected, on_disk=expected))
        taken = room.Room(lambda: heartbeat.pace.moved)

        def before_publishing() -> None:
            heartbeat.confirm()
            taken.claim()

        name = names.new_name(claim.request_id, claim.attempt)
        stored = stores.default().save(name, taken.watch(heartbeat.watch(build)), before_publishing)
    return stored, build.summary


@transaction.atomic
def _hand_over(claim: Claim, reason: str) -> None:
    if transitions.hand_over(claim, Queue.SLOW, f"handed to the slow cluster: {reason}"):
        dispatch.enqueue([PackageRequest.objects.get(pk=claim.request_id)])


def _finish(claim: Claim, outcome: Outcome) -> None:
    told: list[Callable[[], None]] = []

    def save() -> None:
        if told and Package.objects.kept().filter(stored_as=outcome.stored.name).exists():
            return  # an earlier try got through, and only the answer to its COMMIT was lost
        told.clear()
        with transaction.atomic():
            _succeed(claim, outcome, told.append)

    try:
        patiently(save)
    except BaseException as error:
        if not _is_saved_all_the_same(outcome.stored.name) or not isinstance(error, Exception):
            raise
        log.warning("the answer of the database got lost, but request %s is done", claim.request_id)
    for tell in told:
        tell()


def _succeed(claim: Claim, outcome: Outcome, on_commit: Callable[[Callable[[], None]], None]) -> None:
    request = PackageRequest.objects.select_for_update().get(pk=claim.request_id)
    package = _save_package(request, outcome)
    progress = {"rows_done": package.rows or 0, "bytes_done": package.size}
    if not transitions.succeed(claim, package, **progress):
        raise BuildFenced
    followers = _followers(request)
    transitions.share(followers, package)
    facts: dict[str, Any] = {"rows": package.rows, "size": package.size, "seconds": package.build_seconds}
    built = events.PackageBuilt(**request.event_facts(), **facts)
    requests.announce_served([request, *followers], package, built, on_commit=on_commit)


def _is_saved_all_the_same(name: str) -> bool:
    """Whether the file has its package although saving it seemed to fail. If not, it is deleted, or swept later."""
    try:
        return not strays.discard(name)
    except (DatabaseError, StoreError):
        log.exception("%s cannot be deleted now; it is swept later if no package owns it", name)
        return False


def _save_package(request: PackageRequest, outcome: Outcome) -> Package:
    now, stored, summary = timezone.now(), outcome.stored, outcome.summary
    with translation.override("en"):
        called = request.resource_label
    return Package.objects.create(
        fingerprint=outcome.fingerprint,
        stored_as=stored.name,
        file_name=file_names.download_name(request.dataset_title, called, request.format, now.date()),
        resource_id=request.resource_id,
        format=request.format,
        size=stored.size,
        rows=summary.rows,
        sha256=stored.sha256,
        data_sha256=summary.data_sha256,
        members=[list(member) for member in summary.members],
        notes=[notes.saved(note) for note in summary.notes],
        build_seconds=outcome.seconds,
        **request.titles.columns,
        created_at=now,
        expires_at=now + timedelta(days=settings.PACKAGER_EXPIRY_DAYS),
    )


def give_up(claim: Claim, error: PackagerError, reference: str = "") -> None:
    """Note that a build failed, for its request and for all that joined it, and tell them."""

    @transaction.atomic
    def note() -> None:
        request = PackageRequest.objects.select_for_update().get(pk=claim.request_id)
        saved = _save_error(request, claim.attempt, error, reference)
        if not transitions.fail(claim, saved):
            transaction.set_rollback(True)
            return
        followers = _followers(request)
        transitions.fail_followers(followers, saved)
        why: dict[str, Any] = {"code": saved.code, "message": saved.message, "reference": saved.reference}
        failed = [request, *followers]
        deliveries.announce([(row, Delivery.Subject.FAILED) for row in failed])
        told = (events.RequestFailed(**row.event_facts(), **why) for row in failed)
        events.announce(*told, on_commit=transaction.on_commit)

    patiently(note)


def _followers(request: PackageRequest) -> list[PackageRequest]:
    return list(request.followers.select_for_update().filter(status=Status.QUEUED).order_by("created_at"))


def _save_error(request: PackageRequest, attempt: int, error: PackagerError, reference: str) -> PackageError:
    trace = "".join(traceback.format_exception(error)) if error.__traceback__ or error.__cause__ else error.detail
    return PackageError.objects.create(
        request=request,
        reference=reference or new_reference(),
        resource_id=request.resource_id,
        attempt=attempt,
        code=error.code,
        retryable=error.retryable,
        params=notes.saved_params(error.params, redact),
        message=redact(error.message)[:1000],
        detail=redact(trace),
        at=timezone.now(),
    )
