"""The front door for many requests at once: a handful of queries a chunk, however many requests it holds.

Each chunk is one transaction. If somebody else changes one of its requests at that moment, the chunk is undone and its
requests are taken one by one, through the same doors as a single one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone
from django_q.tasks import async_task

from packager import events
from packager.delivery import deliveries
from packager.errors import Conflict
from packager.lifecycle import requests, transitions
from packager.models import UNDER_WAY, Delivery, PackageRequest, Status
from packager.querysets import RequestQuerySet

CHUNK = 500
Ids = Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Tally:
    """Which were changed, and how many were left because their state does not allow it."""

    done: list[UUID]
    left: int


def retry_many(chosen: RequestQuerySet, actor: str) -> Tally:
    """Queue those again that failed, were cancelled or have expired."""
    return _each_chunk(chosen, partial(_retry_chunk, actor=actor), partial(requests.retry, actor=actor))


def cancel_many(chosen: RequestQuerySet, actor: str) -> Tally:
    """Cancel those that are queued or running; their requesters, who did not do it, get a mail."""
    one = partial(requests.cancel, actor=actor, tell=True)
    return _each_chunk(chosen, partial(_cancel_chunk, actor=actor), one)


def resend_many(chosen: RequestQuerySet) -> Tally:
    """Send the mail of those that succeeded or failed again."""
    return _each_chunk(chosen, _resend_chunk, requests.resend)


def rebuild_many(chosen: RequestQuerySet) -> Tally:
    """Hand the rebuilding of all of them to the cluster: each asks CKAN how much there is, which takes its time."""
    ids = ids_of(chosen)
    for chunk in chunks(ids):
        async_task("packager.tasks.rebuild", [str(pk) for pk in chunk], cluster="fast")
    return Tally(ids, 0)


def ids_of(chosen: RequestQuerySet) -> list[UUID]:
    """Their ids, read once: what is chosen by its state would change under our hands."""
    return list(chosen.order_by().values_list("pk", flat=True))


def chunks(ids: Ids) -> Iterator[Ids]:
    """``ids`` in portions of ``CHUNK``."""
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))


def _each_chunk(chosen: RequestQuerySet, whole: Callable[[Ids], list[UUID]], one: Callable[[UUID], Any]) -> Tally:
    ids = ids_of(chosen)
    done = [pk for chunk in chunks(ids) for pk in _whole_or_singly(chunk, whole, one)]
    return Tally(done, len(ids) - len(done))


def _whole_or_singly(ids: Ids, whole: Callable[[Ids], list[UUID]], one: Callable[[UUID], Any]) -> list[UUID]:
    try:
        with transaction.atomic():
            return whole(ids)
    except (IntegrityError, transitions.StateChanged):
        return [pk for pk in ids if _succeeds(one, pk)]


def _succeeds(one: Callable[[UUID], Any], pk: UUID) -> bool:
    try:
        one(pk)
    except (Conflict, IntegrityError):
        return False
    return True


def _locked(ids: Ids, states: Sequence[str]) -> list[PackageRequest]:
    rows = PackageRequest.objects.select_for_update().filter(pk__in=ids, status__in=states)
    return list(rows.order_by("created_at"))


def _first_of_each(rows: list[PackageRequest]) -> list[PackageRequest]:
    return list({row.fingerprint: row for row in reversed(rows)}.values())


def _leader_of_each() -> Subquery:
    leading = PackageRequest.objects.under_way().leading().filter(fingerprint=OuterRef("fingerprint"))
    return Subquery(leading.values("pk")[:1])


def _retry_chunk(ids: Ids, actor: str) -> list[UUID]:
    rows = [row for row in _locked(ids, requests.RETRYABLE) if not row.key_gone]
    under_way = PackageRequest.objects.under_way().leading().filter(fingerprint__in={row.fingerprint for row in rows})
    led = set(under_way.values_list("fingerprint", flat=True))
    leading = _first_of_each([row for row in rows if row.fingerprint not in led])
    others = set(rows) - set(leading)
    again = {**transitions.AFRESH, "worker_failures": 0, "queued_at": timezone.now()}
    transitions.move_many(leading, Status.QUEUED, actor, "tried again", leader=None, **again)
    transitions.move_many(others, Status.QUEUED, actor, "tried again", leader=_leader_of_each(), **again)
    requests.enqueue_many(leading)
    return [row.pk for row in rows]


def _cancel_chunk(ids: Ids, actor: str) -> list[UUID]:
    rows = _locked(ids, UNDER_WAY)
    transitions.move_many(rows, Status.CANCELLED, actor, "", finished_at=timezone.now(), leader=None)
    _promote_followers([row.pk for row in rows])
    deliveries.announce_many([(row, Delivery.Subject.CANCELLED) for row in rows])
    for row in rows:
        cancelled = events.RequestCancelled(**row.event_facts())
        transaction.on_commit(partial(events.publish, cancelled))
    return [row.pk for row in rows]


def _promote_followers(former: Ids) -> None:
    followers = PackageRequest.objects.select_for_update().filter(leader__in=former, status=Status.QUEUED)
    waiting = list(followers.order_by("created_at"))
    first, note = _first_of_each(waiting), "leads from here on"
    transitions.move_many(first, Status.QUEUED, "", note, leader=None, queued_at=timezone.now())
    others = [row.pk for row in set(waiting) - set(first)]
    PackageRequest.objects.filter(pk__in=others).update(leader=_leader_of_each())
    requests.enqueue_many(first)


def _resend_chunk(ids: Ids) -> list[UUID]:
    told = [row for row in _locked(ids, tuple(requests.NEWS)) if "@" in row.email]
    deliveries.mail_many([(row, requests.NEWS[row.status]) for row in told])
    return [row.pk for row in told]
