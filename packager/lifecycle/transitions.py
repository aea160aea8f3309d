"""The only place where a request changes its state.

Each change is one conditional UPDATE and one line of history, in one transaction. Whoever loses a race gets ``False``
(or None, or StateChanged) and has changed nothing. A build is fenced by ``attempt``: it may report and finish only
while its number is the current one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from packager import turns
from packager.lifecycle import neighbours
from packager.models import Package, PackageError, PackageRequest, RequestHistory, Status, Turn, increase

Rows = Sequence[PackageRequest]


class StateChanged(Exception):
    """Somebody else was faster; nothing was changed."""


#: What a request forgets when it is queued again, apart from the time at which it is.
AFRESH: dict[str, Any] = {
    "finished_at": None,
    "error_code": "",
    "error_params": {},
    "error_message": "",
    "error_reference": "",
    "package": None,
    "worker": "",
    "cached": False,
    "rows_done": 0,
    "bytes_done": 0,
}


#: The advisory lock of PostgreSQL under which requests are claimed; nobody else's has this number.
CLAIMS = 0x7061636B


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to build one request, until somebody else claims it."""

    request_id: UUID
    attempt: int


def _move(selected: Any, request_id: UUID, before: str, to: str, note: str, **changes: Any) -> int | None:
    """The attempt that the request is at, if it was moved."""
    # nobody goes on with a transaction in which this failed, so that it needs no savepoint of its own
    with transaction.atomic(savepoint=False):
        if not selected.filter(pk=request_id, status=before).update(status=to, **changes):
            return None
        attempt: int = PackageRequest.objects.values_list("attempt", flat=True).get(pk=request_id)
        write_history(request_id, before, to, attempt, note=note)
    return attempt


def write_history(request_id: UUID, before: str, to: str, attempt: int = 0, actor: str = "", note: str = "") -> None:
    """One line of history."""
    RequestHistory.objects.create(
        request_id=request_id,
        at=timezone.now(),
        from_status=before,
        to_status=to,
        attempt=attempt,
        actor=actor or "portal",
        note=note[:500],
    )


@transaction.atomic
def claim_next(queue: str, worker: str) -> Claim | None:
    """Take the request of this queue whose turn it is, to build it. None if none can be begun."""
    # two who claim at once could take one requester beyond the bound; in SQLite whoever begins a transaction is alone
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIMS])
    line = turns.line(queue)
    for party in line.in_turn():
        share = line.shares[party]
        request_id = turns.oldest_of(queue, party, share)
        if request_id and (taken := claim(request_id, worker)):
            if line.waiting > 1 or neighbours.ready(queue):
                Turn(pk=share.turn, queue=queue, request_id=request_id, at=timezone.now()).save()
            return taken
    return None


def claim(request_id: UUID, worker: str) -> Claim | None:
    """Take a queued request to build it. None if it is not there to take."""
    now = timezone.now()
    start = {"started_at": now, "heartbeat_at": now, "rows_done": 0, "bytes_done": 0, "rows_total": None}
    leading = PackageRequest.objects.leading()
    attempt = _move(leading, request_id, "queued", "running", "", attempt=F("attempt") + 1, worker=worker, **start)
    return Claim(request_id, attempt) if attempt is not None else None


def report(claim: Claim, **progress: int | None) -> bool:
    """Renew the heartbeat and note the progress. False if the build is no longer this worker's."""
    held = PackageRequest.objects.filter(pk=claim.request_id, status="running", attempt=claim.attempt)
    return bool(held.update(heartbeat_at=timezone.now(), **progress))


def succeed(claim: Claim, package: Package, **progress: Any) -> bool:
    """The package is stored."""
    held = PackageRequest.objects.filter(attempt=claim.attempt)
    end = {"package": package, "finished_at": timezone.now(), "encrypted_key": "", **progress}
    return _move(held, claim.request_id, "running", "succeeded", "", **end) is not None


def fail(claim: Claim, error: PackageError) -> bool:
    """The build failed."""
    held = PackageRequest.objects.filter(attempt=claim.attempt)
    return _move(held, claim.request_id, "running", "failed", error.message, **_failure(error)) is not None


def _failure(error: PackageError) -> dict[str, Any]:
    return {
        "error_code": error.code,
        "error_params": error.params,
        "error_message": error.message,
        "error_reference": error.reference,
        "finished_at": timezone.now(),
    }


def hand_over(claim: Claim, queue: str, note: str) -> bool:
    """Put a build into another queue; it keeps its place in time. False if it is lost."""
    held = PackageRequest.objects.filter(attempt=claim.attempt)
    afresh = {**AFRESH, "started_at": None, "rows_total": None, "bytes_total": None}
    with transaction.atomic():
        if _move(held, claim.request_id, "running", "queued", note, queue=queue, **afresh) is None:
            return False
        PackageRequest.objects.filter(leader=claim.request_id, status="queued").update(queue=queue)
    return True


def take_back(request: PackageRequest, note: str, **counters: int) -> bool:
    """Queue a build again whose worker stopped, and add to ``counters``. False if it is alive after all."""
    again = {**AFRESH, "queued_at": timezone.now(), **increase(**counters)}
    return _move(PackageRequest.objects.stale(), request.pk, "running", "queued", note, **again) is not None


def expire(request_id: UUID, why: str) -> bool:
    """The package of a request is gone."""
    return _move(PackageRequest.objects.all(), request_id, "succeeded", "expired", why) is not None


# ------------------------------------------------------------ many, or one of them: read under a lock by the caller


def requeue(rows: Rows, actor: str, *, leader: Any) -> None:
    """Queue requests again that came to an end: to be built, or to wait for ``leader``.

    Raises:
        StateChanged: one of them has another state by now.
        IntegrityError: the same work is under way.
    """
    again = {**AFRESH, "worker_failures": 0, "queued_at": timezone.now()}
    _move_rows(rows, Status.QUEUED, actor, "tried again", leader=leader, **again)


def cancel(rows: Rows, actor: str) -> None:
    """Stop requests, running or not. Raises StateChanged."""
    _move_rows(rows, Status.CANCELLED, actor, "", finished_at=timezone.now(), leader=None)


def promote(rows: Rows) -> None:
    """Followers whose leader is gone are built themselves. Raises StateChanged; IntegrityError if others lead."""
    _move_rows(rows, Status.QUEUED, "", "leads from here on", leader=None, queued_at=timezone.now())


def share(followers: Rows, package: Package) -> None:
    """Followers get the package of their leader. Raises StateChanged."""
    end = {"package": package, "finished_at": timezone.now(), "encrypted_key": "", "rows_done": package.rows or 0}
    _move_rows(followers, Status.SUCCEEDED, "", "joined a build that was under way", **end)


def fail_followers(followers: Rows, error: PackageError) -> None:
    """The build that followers waited for failed. Raises StateChanged."""
    _move_rows(followers, Status.FAILED, "", error.message, **_failure(error))


def _move_rows(rows: Rows, to: str, actor: str, note: str, **changes: Any) -> None:
    now = timezone.now()
    for before in {row.status for row in rows}:
        ids = [row.pk for row in rows if row.status == before]
        if PackageRequest.objects.filter(pk__in=ids, status=before).update(status=to, **changes) != len(ids):
            raise StateChanged
    facts = {"at": now, "to_status": to, "actor": actor or "portal", "note": note[:500]}
    RequestHistory.objects.bulk_create(
        RequestHistory(request=row, from_status=row.status, attempt=row.attempt, **facts) for row in rows
    )
