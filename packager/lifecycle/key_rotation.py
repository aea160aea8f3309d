"""Brings what is kept under an older SECRET_KEY over to the one of today."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Model, QuerySet

from packager.models import Delivery, MailStop, PackageRequest
from packager.security import encryption
from packager.security.api_keys import ApiKey


@dataclass(frozen=True, slots=True)
class Rotation:
    """How many were brought over.

    Attributes:
        renewed: keys of requests and webhook secrets of API keys.
        unreadable: those of them that no SECRET_KEY decrypts that is still known.
        recognised: unsubscribed addresses that the portal still knows, and can name anew.
        unknown: all other unsubscribed addresses: of those from before, only the older key tells who they are.
    """

    renewed: int
    unreadable: int
    recognised: int
    unknown: int


def rotate() -> Rotation:
    """Encrypt and name anew what an older key has. Doing it again, or breaking it off, does no harm."""
    requests = _renew(PackageRequest.objects.all(), "encrypted_key")
    secrets = _renew(ApiKey.objects.all(), "encrypted_webhook_secret")
    outcomes = [*requests, *secrets]
    recognised, unknown = _rename_addresses()
    return Rotation(outcomes.count(True), outcomes.count(False), recognised, unknown)


def _renew(rows: QuerySet[Model], column: str) -> Iterator[bool]:
    """Whether each that is not of today could be read."""
    for pk, before in rows.exclude(**{column: ""}).order_by().values_list("pk", column).iterator():
        if not encryption.is_current(before):
            key = encryption.decrypt(before)
            if key is not None:
                # nobody else's change is overwritten: a build that ends meanwhile erases the key
                rows.filter(**{"pk": pk, column: before}).update(**{column: encryption.encrypt(key)})
            yield key is not None


def _rename_addresses() -> tuple[int, int]:
    requests = PackageRequest.objects.filter(email__contains="@").values_list("email", flat=True)
    mails = Delivery.objects.filter(channel="email", address__contains="@").values_list("address", flat=True)
    known = {address.strip().lower() for rows in (requests, mails) for address in rows.order_by().distinct()}
    stops = dict(MailStop.objects.values_list("mark", "pk"))
    recognised, of_today = 0, set[str]()
    for address in known:
        today, *before = encryption.address_marks(address)
        of_today |= {today} & stops.keys()
        for mark in before:
            if mark in stops and today not in stops:
                MailStop.objects.filter(pk=stops[mark]).update(mark=today)
                stops[today] = stops.pop(mark)
                recognised, of_today = recognised + 1, of_today | {today}
    return recognised, len(stops.keys() - of_today)
