"""The addresses of people whose requests are over, for those who may not see them or have to take them away."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from packager import events
from packager.lifecycle.bulk import Tally, chunks, ids_of
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
    ids = ids_of(chosen)
    done = [pk for chunk in chunks(ids) for pk in _forget(chunk)]
    return Tally(done, len(ids) - len(done))


@transaction.atomic
def _forget(ids: Sequence[UUID]) -> tuple[UUID, ...]:
    ended = PackageRequest.objects.select_for_update().filter(pk__in=ids).exclude(status__in=UNDER_WAY)
    gone = tuple(ended.values_list("pk", flat=True))
    PackageRequest.objects.filter(pk__in=gone).update(email="", webhook_url="", encrypted_key="")
    sent = Delivery.objects.filter(request__in=gone)
    sent.filter(state__in=OPEN).update(state=Delivery.State.FAILED, error="The address was deleted.")
    sent.update(address="")
    forgotten = events.PersonalDataForgotten(at=timezone.now(), request_ids=gone)
    transaction.on_commit(partial(events.publish, forgotten))
    return gone


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
