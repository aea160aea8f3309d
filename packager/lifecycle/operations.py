"""What can be done with requests: for each operation when it is possible, what it changes, and who is told.

Each rule stands here once; ``bulk`` does it with one request or with thousands. Admin, API and the requester's page
reach it through ``requests`` and ``bulk``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol
from uuid import UUID

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django_q.tasks import async_task

from packager import events
from packager.delivery import deliveries
from packager.lifecycle import changes, dispatch, transitions
from packager.models import MAIL, UNDER_WAY, Delivery, PackageRequest, Status

#: From these states a request can be queued again.
RETRYABLE = (Status.FAILED, Status.CANCELLED, Status.EXPIRED)
#: What the requester is told in these states.
NEWS: dict[str, str] = {Status.SUCCEEDED: Delivery.Subject.READY, Status.FAILED: Delivery.Subject.FAILED}
KEY_GONE = "The key that this request needs is no longer kept; request the data again on the data portal"
Rows = Sequence[PackageRequest]


class Operation(Protocol):
    """Something to do with requests."""

    def refusal(self, request: PackageRequest) -> str:
        """Why it cannot be done with this one, in a sentence; empty if it can."""

    def mails(self, request: PackageRequest) -> bool:
        """Whether its requester gets a mail because of it, now or when it is done: usually, if there is an address."""
        return "@" in request.email

    def apply(self, rows: Rows) -> None:
        """Do it with these, oldest first: they were read under a lock in the transaction that this runs in.

        Raises:
            StateChanged, IntegrityError: somebody else was faster.
        """


@dataclass(frozen=True, slots=True)
class Retry(Operation):
    """Queue those again that failed, were cancelled, have expired or lost their package. ``actor`` wants it."""

    actor: str

    def refusal(self, request: PackageRequest) -> str:
        """See ``Operation``."""
        if request.status not in RETRYABLE and not request.package_missing:
            return "Only a request that failed, was cancelled or has expired can be tried again"
        return KEY_GONE if request.key_gone else ""

    def apply(self, rows: Rows) -> None:
        """Who wants what is being built joins that; of those who want the same otherwise, the first leads."""
        changes.refresh(rows)
        leading, joining = _leading_and_joining(rows)
        transitions.requeue(leading, self.actor, leader=None)
        transitions.requeue(joining, self.actor, leader=_LEADER)
        dispatch.enqueue(leading)


@dataclass(frozen=True, slots=True)
class Cancel(Operation):
    """Stop those that are queued or running. ``tell``: somebody else than the requester does it, so a mail goes out."""

    actor: str
    tell: bool

    def refusal(self, request: PackageRequest) -> str:
        """See ``Operation``."""
        possible = request.status in UNDER_WAY
        return "" if possible else "Only a request that is queued or running can be cancelled"

    def mails(self, request: PackageRequest) -> bool:
        """See ``Operation``."""
        return self.tell and "@" in request.email

    def apply(self, rows: Rows) -> None:
        """Those who joined them go on. A worker that builds one finds out with its next report."""
        transitions.cancel(rows, self.actor)
        promote_followers([row.pk for row in rows])
        deliveries.announce([(row, Delivery.Subject.CANCELLED) for row in rows], by_mail=self.tell)
        cancelled = (events.RequestCancelled(**row.event_facts()) for row in rows)
        events.announce(*cancelled, on_commit=transaction.on_commit)


class Resend(Operation):
    """Send the mail about the end of a request again."""

    def refusal(self, request: PackageRequest) -> str:
        """See ``Operation``."""
        possible = request.status in NEWS and "@" in request.email
        return "" if possible else "There is no mail that could be sent again"

    def apply(self, rows: Rows) -> None:
        """See ``Operation``."""
        deliveries.announce([(row, NEWS[row.status]) for row in rows], by_webhook=False)


class Rebuild(Operation):
    """Ask again for what these requests asked, past the cache."""

    def refusal(self, request: PackageRequest) -> str:
        """See ``Operation``."""
        if request.status in UNDER_WAY:
            return "This request is still under way; cancel it first to have it built again"
        return KEY_GONE if request.key_gone else ""

    def apply(self, rows: Rows) -> None:
        """A cluster does it: many requests take their time."""
        if ids := [str(row.pk) for row in rows]:
            transaction.on_commit(partial(async_task, "packager.tasks.rebuild", ids, cluster=MAIL))


def promote_followers(former: Sequence[UUID]) -> None:
    """Those who joined requests that were given up join whoever does the same work now, or one of them leads.

    Raises:
        StateChanged, IntegrityError: somebody else was faster.
    """
    waiting = PackageRequest.objects.select_for_update().filter(leader__in=former, status=Status.QUEUED)
    leading, joining = _leading_and_joining(waiting.order_by("created_at"))
    transitions.promote(leading)
    PackageRequest.objects.filter(pk__in=[row.pk for row in joining]).update(leader=_LEADER)
    dispatch.enqueue(leading)


def _leading_and_joining(waiting: Iterable[PackageRequest]) -> tuple[Rows, Rows]:
    """The first of each content that nobody builds, and the others."""
    rows = list(waiting)
    # locked, so that no build ends between this look and the commit
    building = PackageRequest.objects.building(*{row.fingerprint for row in rows}).select_for_update()
    led = set(building.values_list("fingerprint", flat=True))
    first = {row.fingerprint: row for row in reversed(rows) if row.fingerprint not in led}
    leading = set(first.values())
    return [row for row in rows if row in leading], [row for row in rows if row not in leading]


#: Who builds what a row wants, at the moment of the update.
_LEADER = Subquery(
    PackageRequest.objects.under_way().leading().filter(fingerprint=OuterRef("fingerprint")).values("pk")[:1]
)
