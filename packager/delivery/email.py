"""Sends mail by Django's mail machinery. Every foreign exception of sending becomes ours here."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.core.mail import BadHeaderError, EmailMultiAlternatives

from packager.delivery import mail_templates, unsubscribe
from packager.delivery.mail_templates import Message
from packager.errors import (
    DeliveryDeferred,
    DeliveryPostponed,
    DeliveryRefused,
    DeliveryUnwanted,
    MailMisconfigured,
)
from packager.models import Delivery
from packager.security import encryption, throttles

log = logging.getLogger(__name__)
#: What a mail server says before it has heard of any recipient is about us (RFC 5321, 3.3), and no reason to give up.
REFUSALS_OF_OURS: Mapping[type[smtplib.SMTPException], str] = {
    smtplib.SMTPSenderRefused: "it refuses the sender's address, PACKAGER_EMAIL_FROM",
    smtplib.SMTPAuthenticationError: "it refuses the login of EMAIL_URL",
    smtplib.SMTPNotSupportedError: "it does not offer what EMAIL_URL asks for",
    smtplib.SMTPHeloError: "it refuses this host's name",
    smtplib.SMTPConnectError: "it refuses this host",
}


class EmailNotifier:
    """multipart/alternative: text, then HTML."""

    channel = "email"

    def send(self, delivery: Delivery) -> None:
        """Send it now. Raises DeliveryDeferred, DeliveryPostponed, DeliveryRefused, DeliveryUnwanted."""
        _send([delivery], lambda: mail_templates.compose(delivery))

    def send_together(self, deliveries: Sequence[Delivery]) -> None:
        """See ``SendsTogether``."""
        _send(deliveries, lambda: mail_templates.compose_digest(deliveries))


def _send(told: Sequence[Delivery], compose: Callable[[], Message]) -> None:
    address = told[0].address
    marks = encryption.address_marks(address)
    if unsubscribe.is_unsubscribed(*marks):
        raise DeliveryUnwanted
    with _room_for_one(marks[0]):
        message = compose()
        mail = EmailMultiAlternatives(message.subject, message.text, message.sender, [address])
        mail.attach_alternative(message.html, "text/html")
        mail.extra_headers = {"Auto-Submitted": "auto-generated", "Message-ID": message_id(told), **message.headers}
        with _our_errors():
            mail.send()


def message_id(told: Sequence[Delivery]) -> str:
    """The Message-ID of the mail that tells these; the same however often it is sent.

    A sender that is killed when the mail is out, but not yet noted, leaves it to be sent again: by its id mail systems
    know it for the same (RFC 5322, 3.6.4). It is a hash, since the address of the page is a secret.
    """
    name = "\n".join(f"{delivery.about.status_url}#{delivery.pk}" for delivery in told)
    return f"<{uuid5(NAMESPACE_URL, name)}@{urlsplit(settings.PUBLIC_URL).hostname}>"


@contextmanager
def _room_for_one(mark: str) -> Iterator[None]:
    """Nobody's mailbox is flooded in their name: above so many mails an hour they are told together, later."""
    name, rate = f"mail:{mark}", settings.PACKAGER_MAILS_PER_ADDRESS
    if wait := throttles.take(name, rate):
        raise DeliveryPostponed(wait, f"The address has had {rate}; the rest is told in one mail.", together=True)
    try:
        yield
    except BaseException:
        throttles.give_back(name)
        raise


@contextmanager
def _our_errors() -> Iterator[None]:
    # codes only: the texts of servers repeat addresses
    try:
        yield
    except BadHeaderError as error:
        raise DeliveryRefused("a header would have held a line break") from error
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise _by_code(codes[0] if codes else 0) from error
    except tuple(REFUSALS_OF_OURS) as error:
        log.error("the mail server refuses mail from this portal: %s", about_us(error))
        raise MailMisconfigured(about_us(error)) from error
    except smtplib.SMTPResponseException as error:
        raise _by_code(error.smtp_code) from error
    except (smtplib.SMTPException, OSError) as error:
        raise DeliveryDeferred(type(error).__name__) from error


def about_us(error: smtplib.SMTPException) -> str:
    """What the mail server has against the portal, in words for its operator. Its own words may hold addresses."""
    code = f" (SMTP {error.smtp_code})" if isinstance(error, smtplib.SMTPResponseException) else ""
    return next(words for kind, words in REFUSALS_OF_OURS.items() if isinstance(error, kind)) + code


def _by_code(code: int) -> DeliveryDeferred | DeliveryRefused:
    """RFC 5321: 4yz is transient, 5yz is permanent."""
    return (DeliveryRefused if 500 <= code < 600 else DeliveryDeferred)(f"SMTP {code}")
