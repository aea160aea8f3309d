"""One operation with one request or with thousands: the same step, a handful of queries a chunk.

Each chunk is one transaction. If somebody else changes one of its requests at that moment, the chunk is undone and its
requests are taken one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from packager.errors import Conflict
from packager.lifecycle.operations import Operation
from packager.lifecycle.transitions import StateChanged
from packager.models import PackageRequest
from packager.querysets import RequestQuerySet

CHUNK = 500
#: What decides about an operation.
LOOKED_AT = ("status", "email", "key_used", "encrypted_key", "created_at")
Ids = Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Tally:
    """Which were changed, and how many were left because their state does not allow it."""

    done: list[UUID]
    left: int


@dataclass(slots=True)
class Preview:
    """What an operation would do with many.

    Attributes:
        count: requests that would be changed.
        oldest, newest: when the first and the last of them were made; None if there are none.
        mails: those of them whose requester would get a mail.
        skipped: why others would be left -> how many.
    """

    count: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None
    mails: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


def preview(operation: Operation, chosen: RequestQuerySet) -> Preview:
    """What ``many`` would do with the same arguments; nothing is changed."""
    found = Preview()
    for row in chosen.order_by().select_related(None).only(*LOOKED_AT).iterator():
        if reason := operation.refusal(row):
            found.skipped[reason] += 1
            continue
        found.count += 1
        found.mails += operation.mails(row)
        found.oldest = min(found.oldest or row.created_at, row.created_at)
        found.newest = max(found.newest or row.created_at, row.created_at)
    return found


def many(operation: Operation, chosen: RequestQuerySet) -> Tally:
    """Do it with those of ``chosen`` for which it can be done."""
    ids, done = ids_of(chosen), list[UUID]()
    for chunk in chunks(ids):
        try:
            done += [pk for pk, reason in _apply(operation, chunk).items() if not reason]
        except (IntegrityError, StateChanged):
            for pk in chunk:
                with suppress(Conflict, IntegrityError, StateChanged, PackageRequest.DoesNotExist):
                    done.append(one(operation, pk).pk)
    return Tally(done, len(ids) - len(done))


def one(operation: Operation, request_id: UUID) -> PackageRequest:
    """Do it with one request. Returns it as it is then.

    Raises:
        Conflict: it cannot be done with this one; says why.
    """
    try:
        refusals = _apply(operation, [request_id])
    except (IntegrityError, StateChanged):
        # somebody changed it, or asked for the same, a moment ago; the second look finds them
        refusals = _apply(operation, [request_id])
    if reason := "".join(refusals.values()):
        raise Conflict(reason)
    return PackageRequest.objects.get(pk=request_id)


@transaction.atomic
def _apply(operation: Operation, ids: Ids) -> dict[UUID, str]:
    """Do it with those for which it can be done. Returns for each why it was not; empty if it was."""
    # leaders are locked before followers, as at the end of a build: in another order both could wait for each other
    locked = PackageRequest.objects.select_for_update().filter(pk__in=ids)
    rows = sorted(locked.order_by(F("leader").asc(nulls_first=True)), key=lambda row: row.created_at)
    refusals = {row.pk: operation.refusal(row) for row in rows}
    operation.apply([row for row in rows if not refusals[row.pk]])
    return refusals


def ids_of(chosen: RequestQuerySet) -> list[UUID]:
    """Their ids, read once: what is chosen by its state would change under our hands."""
    return list(chosen.order_by().values_list("pk", flat=True))


def chunks(ids: Ids) -> Iterator[Ids]:
    """``ids`` in portions of ``CHUNK``."""
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))
