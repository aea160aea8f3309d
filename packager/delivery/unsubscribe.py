"""Who has unsubscribed from mails, and the links with which to do it.

A link holds a signed keyed hash, never the address: who has it may unsubscribe that address, and subscribe it again.
"""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.utils import timezone

from packager.models import MailStop
from packager.security import encryption


def _signer() -> signing.Signer:
    # the salt is part of every link that was ever mailed
    return signing.Signer(salt="packager.mailstops")


def unsubscribe_url(address: str) -> str:
    """The page on which ``address`` can be unsubscribed. Absolute."""
    return f"{settings.PUBLIC_URL}/mails/{_signer().sign(encryption.address_marks(address)[0])}/"


def mark_of(token: str) -> str | None:
    """The hash that a link holds; None if we did not sign it."""
    try:
        return _signer().unsign(token)
    except signing.BadSignature:
        return None


def is_unsubscribed(*marks: str) -> bool:
    """Whether no mail may go to the address behind one of ``marks``."""
    return MailStop.objects.filter(mark__in=marks).exists()


def unsubscribe(mark: str) -> None:
    """No further mails. Doing it again changes nothing."""
    MailStop.objects.get_or_create(mark=mark, defaults={"created_at": timezone.now()})


def resubscribe(mark: str) -> None:
    """Mails may go there again."""
    MailStop.objects.filter(mark=mark).delete()
