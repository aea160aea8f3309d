"""The addresses of people whose requests are over, for those who have to take them away."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from packager.models import Delivery, PackageRequest

#: A delivery in one of these still needs its address.
OPEN = (Delivery.State.PENDING, Delivery.State.SENDING)


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
