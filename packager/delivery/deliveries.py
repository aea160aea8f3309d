"""Getting the news to the requester: its own tasks, its own states, its own retries.

A delivery is claimed by a conditional update that counts its attempts; only the sender that holds the current number
may say how it ended. A mail server that is down defers deliveries; it never touches a package.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from packager import plugins
from packager.delivery.base import Notifier
from packager.errors import DeliveryDeferred, DeliveryError, DeliveryRefused, DeliveryUnwanted
from packager.models import Delivery, PackageRequest, increase

log = logging.getLogger(__name__)

#: Minutes between attempts; the last one repeats until PACKAGER_DELIVERY_HOURS are over.
WAITS = (1, 2, 5, 10, 20, 30)
#: As many deliveries as get a task each.
FEW = 2


def announce(request: PackageRequest, subject: str) -> None:
    """Save what has to be sent about ``request`` and hand it to the cluster after the commit."""
    announce_many([(request, subject)])


def announce_many(news: list[tuple[PackageRequest, str]], *, by_mail: bool = True) -> None:
    """The same for each request (with the subject beside it).

    Without ``by_mail`` only the webhook is called: of what people did themselves they need no mail.
    """
    _save((request, subject, *way) for request, subject in news for way in _channels(request, by_mail))


def _channels(request: PackageRequest, by_mail: bool) -> Iterator[tuple[str, str]]:
    # what stands in the place of an address that was taken away is no address
    if by_mail and "@" in request.email:
        yield "email", request.email
    if request.webhook_url:
        yield "webhook", request.webhook_url


def mail_many(news: list[tuple[PackageRequest, str]]) -> None:
    """Save a mail for each request (with the subject beside it) and hand them to the cluster after the commit."""
    _save((request, subject, "email", request.email) for request, subject in news)


def _save(news: Iterable[tuple[PackageRequest, str, str, str]]) -> list[Delivery]:
    now = timezone.now()
    common = {"created_at": now, "next_attempt_at": now}
    saved = Delivery.objects.bulk_create(
        Delivery(request=request, subject=subject, channel=channel, address=address, **common)
        for request, subject, channel, address in news
    )
    # a broker takes its time for each task, and a web request has none: from a few on one task sees to all
    if len(saved) <= FEW:
        for delivery in saved:
            transaction.on_commit(partial(_start, "packager.tasks.deliver", delivery.pk))
    else:
        transaction.on_commit(partial(_start, "packager.tasks.send_due_deliveries"))
    return saved


def _start(task: str, *arguments: object) -> None:
    try:
        async_task(task, *arguments, cluster="fast")
    except Exception:  # whatever the broker's client raises
        # the deliveries are saved and due; the schedule that sends due deliveries finds them
        log.exception("%s could not be handed to the queue", task)


def deliver(delivery_id: int) -> None:
    """Send one delivery if it is due, and note how it went."""
    delivery = _claim(delivery_id)
    if delivery is None:
        return
    try:
        notifier_for(delivery.channel).send(delivery)
    except DeliveryError as fault:
        _note_failure(delivery, fault)
    except Exception as fault:
        log.exception("delivery %s failed in an unexpected way", delivery_id)
        _note_failure(delivery, DeliveryDeferred(type(fault).__name__))
    else:
        _end(delivery, state=Delivery.State.SENT, sent_at=timezone.now(), error="", error_code="")


def notifier_for(channel: str) -> Notifier:
    """The notifier for ``channel``. Raises DeliveryRefused if there is none (a plugin was switched off)."""
    known = {notifier.channel: notifier for answer in plugins.ask("notifiers") for notifier in answer}
    try:
        return known[channel]
    except KeyError:
        raise DeliveryRefused(f"no notifier for the channel {channel}") from None


def _claim(delivery_id: int) -> Delivery | None:
    now = timezone.now()
    due = Delivery.objects.due().filter(pk=delivery_id)
    if not due.update(state=Delivery.State.SENDING, claimed_at=now, **increase(attempts=1)):
        return None
    return Delivery.objects.select_related("request__package", "request__api_key", "request__leader").get(
        pk=delivery_id
    )


def _note_failure(delivery: Delivery, fault: DeliveryError) -> None:
    facts: dict[str, Any] = {"error": f"{fault.message} {fault.detail}".strip()[:1000], "error_code": fault.code}
    give_up_at = delivery.created_at + timedelta(hours=settings.PACKAGER_DELIVERY_HOURS)
    next_attempt = timezone.now() + timedelta(minutes=WAITS[min(delivery.attempts, len(WAITS)) - 1])
    if isinstance(fault, DeliveryUnwanted):
        _end(delivery, state=Delivery.State.STOPPED, **facts)
    elif fault.retryable and next_attempt < give_up_at:
        _end(delivery, state=Delivery.State.PENDING, next_attempt_at=next_attempt, **facts)
    else:
        _end(delivery, state=Delivery.State.FAILED, **facts)


def _end(delivery: Delivery, **changes: Any) -> None:
    mine = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.SENDING, attempts=delivery.attempts)
    mine.update(claimed_at=None, **changes)


def send_due() -> int:
    """Hand every due delivery to the cluster (again). Returns how many."""
    due = list(Delivery.objects.due().values_list("pk", flat=True)[:1000])
    for delivery_id in due:
        _start("packager.tasks.deliver", delivery_id)
    return len(due)


def resend(delivery: Delivery) -> Delivery:
    """Send the same news again, as a new delivery."""
    with transaction.atomic():
        (again,) = _save([(delivery.request, delivery.subject, delivery.channel, delivery.address)])
    return again
