"""The addresses of people whose requests are over, for those who may not see them or have to take them away."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from packager import events
from packager.lifecycle import bulk
from packager.lifecycle.operations import Cancel, Operation, Rows
from packager.models import UNDER_WAY, Delivery, PackageError, PackageRequest, StandingOrder
from packager.querysets import RequestQuerySet

#: A delivery in one of these still needs its address.
OPEN = (Delivery.State.PENDING, Delivery.State.SENDING)


def masked(address: str) -> str:
    """The address for readers who may not see it: ``•••@example.org``; nothing for none, dots for a hash."""
    _, at, domain = address.rpartition("@")
    return f"•••{at}{domain}" if at else "•••" * bool(address)


class Forget(Operation):
    """Delete address, webhook and CKAN key of requests for good, and the addresses of what was sent for them.

    Those under way are left: they still need their address. Cancel them first.
    """

    def refusal(self, request: PackageRequest) -> str:
        """See ``Operation``."""
        under_way = request.status in UNDER_WAY
        return "A request that is under way needs its address; cancel it first" if under_way else ""

    def mails(self, request: PackageRequest) -> bool:
        """See ``Operation``."""
        return False

    def apply(self, rows: Rows) -> None:
        """Listeners delete their copies."""
        gone = tuple(row.pk for row in rows)
        PackageRequest.objects.filter(pk__in=gone).update(email="", webhook_url="", encrypted_key="", requester="")
        orders = StandingOrder.objects.filter(Q(request__in=gone) | Q(requests__in=gone))
        orders.update(state="ended", why_ended="The address was deleted.", due_at=None)
        sent = Delivery.objects.filter(request__in=gone)
        sent.filter(state__in=OPEN).update(state=Delivery.State.FAILED, error="The address was deleted.")
        sent.update(address="")
        forgotten = events.PersonalDataForgotten(at=timezone.now(), request_ids=gone)
        events.announce(forgotten, on_commit=transaction.on_commit)


@dataclass(frozen=True, slots=True)
class Erased:
    """What was deleted of a person: how many requests and deliveries, and the references under which logs know them."""

    requests: int
    deliveries: int
    references: tuple[str, ...]


def requests_of(names: Collection[str]) -> RequestQuerySet:
    """The requests of a person whose address is kept as one of ``names``, however it is written."""
    wanted = Q(pk__in=[])
    for name in names:
        wanted |= Q(email__iexact=name)
    return PackageRequest.objects.filter(wanted)


@transaction.atomic
def erase(names: Collection[str], actor: str) -> Erased:
    """Delete the requests of a person for good, with their history, errors and deliveries. Packages stay, for others.

    What is under way is cancelled first, and nobody is told.
    """
    bulk.many(Cancel(actor, tell=False), requests_of(names).under_way())
    ids = tuple(requests_of(names).order_by().values_list("pk", flat=True))
    errors = PackageError.objects.filter(request__in=ids)
    references = (*map(str, ids), *errors.order_by("reference").values_list("reference", flat=True))
    sent = Delivery.objects.filter(request__in=ids).count()
    PackageRequest.objects.filter(pk__in=ids).delete()
    events.announce(events.PersonalDataForgotten(at=timezone.now(), request_ids=ids), on_commit=transaction.on_commit)
    return Erased(len(ids), sent, references)


def forget_old() -> int:
    """Under PACKAGER_KEEP_ADDRESSES_DAYS and PACKAGER_KEEP_REQUESTS_DAYS, delete what is over for so long.

    Returns how many requests lost their addresses or went.
    """
    forgotten = 0
    if days := settings.PACKAGER_KEEP_ADDRESSES_DAYS:
        personal = ~(Q(email="") & Q(webhook_url="") & Q(requester=""))
        forgotten += len(bulk.many(Forget(), _over_for(days).filter(personal)).done)
    if days := settings.PACKAGER_KEEP_REQUESTS_DAYS:
        forgotten += _over_for(days).exclude(order__state="active").delete()[1].get("packager.PackageRequest", 0)
    return forgotten


def _over_for(days: int) -> RequestQuerySet:
    limit = timezone.now() - timedelta(days=days)
    return PackageRequest.objects.filter(finished_at__lt=limit).exclude(status__in=UNDER_WAY)


def addresses() -> set[str]:
    """E-mail addresses in requests that are over, with every mail sent or given up, and in those mails."""
    found = set(_requests().values_list("email", flat=True).distinct())
    return found | set(_deliveries().values_list("address", flat=True).distinct())


@transaction.atomic
def replace_address(address: str, instead: str) -> int:
    """Put ``instead`` where ``address`` is, in what ``addresses`` looks at; returns the number of rows changed.

    A request that is taken up again later tells nobody when it is done: the address is gone.
    """
    changed = _requests().filter(email=address).update(email=instead)
    return changed + _deliveries().filter(address=address).update(address=instead)


def _requests() -> QuerySet[PackageRequest]:
    waiting = Delivery.objects.filter(state__in=OPEN).values("request_id")
    rows = PackageRequest.objects.exclude(status__in=["queued", "running"]).exclude(pk__in=waiting)
    return rows.exclude(email="").order_by()


def _deliveries() -> QuerySet[Delivery]:
    return Delivery.objects.filter(channel="email").exclude(state__in=OPEN).exclude(address="").order_by()
