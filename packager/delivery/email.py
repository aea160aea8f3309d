"""Sends mail by Django's mail machinery. Every foreign exception of sending becomes ours here."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.mail import BadHeaderError, EmailMultiAlternatives

from packager.delivery import mail_templates, unsubscribe
from packager.errors import DeliveryDeferred, DeliveryRefused, DeliveryUnwanted
from packager.models import Delivery
from packager.security import encryption


class EmailNotifier:
    """multipart/alternative: text, then HTML."""

    channel = "email"

    def send(self, delivery: Delivery) -> None:
        """Send it now. Raises DeliveryDeferred, DeliveryRefused, DeliveryUnwanted."""
        if unsubscribe.is_unsubscribed(encryption.address_mark(delivery.address)):
            raise DeliveryUnwanted
        message = mail_templates.compose(delivery)
        mail = EmailMultiAlternatives(message.subject, message.text, message.sender, [delivery.address])
        mail.attach_alternative(message.html, "text/html")
        mail.extra_headers = {"Auto-Submitted": "auto-generated", **message.headers}
        with _our_errors():
            mail.send()


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
    except smtplib.SMTPAuthenticationError as error:
        raise DeliveryDeferred("the mail server refused the portal's own login") from error
    except smtplib.SMTPResponseException as error:
        raise _by_code(error.smtp_code) from error
    except (smtplib.SMTPException, OSError) as error:
        raise DeliveryDeferred(type(error).__name__) from error


def _by_code(code: int) -> DeliveryDeferred | DeliveryRefused:
    """RFC 5321: 4yz is transient, 5yz is permanent."""
    return (DeliveryRefused if 500 <= code < 600 else DeliveryDeferred)(f"SMTP {code}")
