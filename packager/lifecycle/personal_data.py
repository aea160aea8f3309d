"""The addresses of people whose requests are over, for those who may not see them or have to take them away."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from packager import events
from packager.lifecycle import bulk
from packager.lifecycle.bulk import Tally
from packager.lifecycle.operations import Rows
from packager.models import UNDER_WAY, Delivery, PackageRequest
from packager.querysets import RequestQuerySet

#: A delivery in one of these still needs its address.
OPEN = (Delivery.State.PENDING, Delivery.State.SENDING)


def masked(address: str) -> str:
    """The address for readers who may not see it: ``•••@example.org``; nothing for none, dots for a hash."""
    _, at, domain = address.rpartition("@")
    return f"•••{at}{domain}" if at else "•••" * bool(address)


def forget_many(chosen: RequestQuerySet) -> Tally:
    """Delete address, webhook and CKAN key of these requests for good, and the addresses of what was sent for them.

    Those under way are left: they still need their address. Cancel them first.
    """
    return bulk.many(Forget(), chosen)


class Forget:
    """What ``forget_many`` does, as an operation."""

    def refusal(self, request: PackageRequest) -> str:
        """See ``Operation``."""
        under_way = request.status in UNDER_WAY
        return "A request that is under way needs its address; cancel it first" if under_way else ""

    def apply(self, rows: Rows) -> None:
        """Listeners delete their copies."""
        gone = tuple(row.pk for row in rows)
        PackageRequest.objects.filter(pk__in=gone).update(email="", webhook_url="", encrypted_key="")
        sent = Delivery.objects.filter(request__in=gone)
        sent.filter(state__in=OPEN).update(state=Delivery.State.FAILED, error="The address was deleted.")
        sent.update(address="")
        forgotten = events.PersonalDataForgotten(at=timezone.now(), request_ids=gone)
        transaction.on_commit(partial(events.publish, forgotten))


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
