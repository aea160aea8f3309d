"""Calls the address that a requester named, with the request as JSON, signed."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from rest_framework.utils.encoders import JSONEncoder

from packager import receivers
from packager.errors import (
    AddressForbidden,
    DeliveryDeferred,
    DeliveryPostponed,
    DeliveryRefused,
    RequestError,
    SourceError,
)
from packager.models import Delivery, PackageRequest
from packager.presentation.serializers import PackageRequestSerializer
from packager.security import encryption
from packager.streaming.http import AddressRule, HttpClient, RetryPolicy

SIGNATURE = "X-Packaging-Signature"
RETRY_POLICY = RetryPolicy(connect=5, read=10, attempts=1)
#: Seconds that a call may take in all, however the receiver drips its answer.
DEADLINE = 15.0
#: Calls that take longer than this are under way for long: so many of them at a time to one host, and in all one fewer
#: than there are workers, so that mails go out; further ones wait (seconds).
HELD_UP_AFTER, MOST_A_HOST, BUSY = timedelta(seconds=1), 2, 10.0
#: Answers of 400 and above after which the same call may well succeed: everything of the server, and these.
TEMPORARY = (408, 425, 429)
EVENTS = {
    Delivery.Subject.READY: "request.succeeded",
    Delivery.Subject.FAILED: "request.failed",
    Delivery.Subject.CANCELLED: "request.cancelled",
}


def rule_for(url: str) -> AddressRule:
    """Where a webhook may go: to any public address, and to the hosts of PACKAGER_WEBHOOK_HOSTS, private or not."""
    named = AddressRule(tuple(settings.PACKAGER_WEBHOOK_HOSTS))
    try:
        named.check_url(url)
    except AddressForbidden:
        return AddressRule()
    return named


def secret_of(request: PackageRequest) -> str:
    """What signs the calls about ``request``: its key's secret, else one for the receiver, out of SECRET_KEY."""
    own = request.api_key.webhook_secret if request.api_key else ""
    return own or encryption.mark(f"webhook {request.webhook_url}")


def signature(secret: str, body: bytes, at: int) -> str:
    """The header's value: ``t=<UNIX time>,v1=<HMAC-SHA-256 over "<t>.<body>" in hexadecimal digits>``."""
    mark = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={mark}"


def payload(delivery: Delivery) -> bytes:
    """The body: what happened, and the request as the API shows it to its owner."""
    body = {
        "event": EVENTS[Delivery.Subject(delivery.subject)],
        "delivery": delivery.pk,
        "created_at": delivery.created_at,
        "request": PackageRequestSerializer(delivery.about, context={"reader": delivery.about.api_key}).data,
    }
    return json.dumps(body, cls=JSONEncoder, ensure_ascii=False).encode()


class WebhookNotifier:
    """One POST a delivery. No redirect is followed, and the answer's body is not read."""

    channel = "webhook"

    def send(self, delivery: Delivery) -> None:
        """Send it now. Raises DeliveryDeferred, DeliveryPostponed, DeliveryRefused."""
        host = urlsplit(delivery.address).netloc.lower()
        known = _admit(host, delivery)
        try:
            self._call(delivery)
        except DeliveryDeferred:
            receivers.note_failure(host)
            raise
        except DeliveryRefused:
            receivers.note_success(host)
            raise
        if known:
            receivers.note_success(host)

    def _call(self, delivery: Delivery) -> None:
        body = payload(delivery)
        headers = {
            "Content-Type": "application/json",
            SIGNATURE: signature(secret_of(delivery.about), body, int(time.time())),
        }
        status = _post(delivery.address, body, headers)
        if not 200 <= status < 300:
            for_good = 400 <= status < 500 and status not in TEMPORARY
            raise (DeliveryRefused if for_good else DeliveryDeferred)(f"HTTP {status}")


def _admit(host: str, delivery: Delivery) -> bool:
    """Whether the host has failed of late. Raises DeliveryPostponed, and DeliveryRefused where it is stopped."""
    now = timezone.now()
    slow = Delivery.objects.filter(channel="webhook", state="sending", claimed_at__lt=now - HELD_UP_AFTER)
    hosts = [urlsplit(url).netloc.lower() for url in slow.exclude(pk=delivery.pk).values_list("address", flat=True)]
    if hosts.count(host) >= MOST_A_HOST or len(hosts) >= max(1, settings.PACKAGER_MAIL_WORKERS - 1):
        raise DeliveryPostponed(BUSY, "Other calls take long to be answered.")
    known = receivers.Receiver.objects.filter(host=host).first()
    if known and (wait := known.seconds_to_wait()):
        if known.stopped:
            raise DeliveryRefused("the host has failed for more than a day")
        raise DeliveryPostponed(wait, "The host fails at present.")
    return known is not None


def _post(url: str, body: bytes, headers: dict[str, str]) -> int:
    client = HttpClient(rule_for(url), retry_policy=RETRY_POLICY)
    alarm = threading.Timer(DEADLINE, client.close)
    alarm.start()
    try:
        return client.tell(url, body, headers)
    except AddressForbidden as error:
        raise DeliveryRefused("webhooks may not go to this address") from error
    except SourceError as error:
        raise DeliveryDeferred(error.detail) from error
    finally:
        alarm.cancel()
        client.close()


def check_address(url: str) -> None:
    """Raises RequestError if no webhook can ever go to ``url``."""
    if not rule_for(url).may_permit(url):
        raise RequestError("Parameter webhook_url is not an address that this service may call", field="webhook_url")
