"""Who wants no mails, and the links with which to say so.

A link holds a signed keyed hash, never the address: who has the link may stop and allow the mails of its address.
"""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.utils import timezone

from packager.models import MailStop
from packager.security import encryption


def stop_url(address: str) -> str:
    """The page on which mails to ``address`` are stopped. Absolute."""
    return f"{settings.PUBLIC_URL}/mails/{_signer().sign(encryption.address_mark(address))}/"


def _signer() -> signing.Signer:
    return signing.Signer(salt="packager.mailstops")


def mark_of(token: str) -> str | None:
    """The hash that a link holds; None if we did not sign it."""
    try:
        return _signer().unsign(token)
    except signing.BadSignature:
        return None


def is_stopped(address: str) -> bool:
    """Whether no mail may go to ``address``."""
    return is_marked(encryption.address_mark(address))


def is_marked(mark: str) -> bool:
    """Whether mails to the address behind ``mark`` are stopped."""
    return MailStop.objects.filter(mark=mark).exists()


def stop(mark: str) -> None:
    """No further mails. Doing it again changes nothing."""
    MailStop.objects.get_or_create(mark=mark, defaults={"created_at": timezone.now()})


def allow(mark: str) -> None:
    """Mails may go there again."""
    MailStop.objects.filter(mark=mark).delete()
