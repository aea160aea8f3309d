"""Getting the news to the requester: its own tasks, its own states, its own retries.

A delivery is claimed by a conditional update that counts its attempts; only the sender that holds the current number
may say how it ended. A mail server that is down defers deliveries; it never touches a package.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from packager import plugins
from packager.delivery.base import Notifier, SendsTogether
from packager.errors import DeliveryDeferred, DeliveryError, DeliveryPostponed, DeliveryRefused, DeliveryUnwanted
from packager.models import MAIL, Delivery, PackageRequest, increase
from packager.querysets import DeliveryQuerySet

log = logging.getLogger(__name__)

#: Minutes between attempts; the last one repeats until PACKAGER_DELIVERY_HOURS are over.
WAITS = (1, 2, 5, 10, 20, 30)
#: As many deliveries as get a task each.
FEW = 2
#: Seconds that a delivery, or handing over all that are due, may take.
TIMEOUT = 300


def announce(news: list[tuple[PackageRequest, str]], *, by_mail: bool = True, by_webhook: bool = True) -> None:
    """Save what has to be sent about each request (with the subject beside it), for the cluster, after the commit.

    Without ``by_mail`` only the webhook is called: of what people did themselves they need no mail. Without
    ``by_webhook`` only a mail is sent.
    """
    sent: list[tuple[PackageRequest, str, str, str]] = []
    for request, subject in news:
        # what stands in the place of an address that was taken away is no address
        if by_mail and "@" in request.email:
            sent.append((request, subject, "email", request.email))
        if by_webhook and request.webhook_url:
            sent.append((request, subject, "webhook", request.webhook_url))
    _save(sent)


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
        async_task(task, *arguments, cluster=MAIL, timeout=TIMEOUT)
    except Exception:  # whatever the broker's client raises
        # the deliveries are saved and due; the schedule that sends due deliveries finds them
        log.exception("%s could not be handed to the queue", task)


def deliver(delivery_id: int) -> None:
    """Send one delivery if it is due, with the others that wait to be told together, and note how it went."""
    rows = _claim(delivery_id)
    if not rows:
        return
    try:
        notifier = notifier_for(rows[0].channel)
        if len(rows) > 1 and isinstance(notifier, SendsTogether):
            notifier.send_together(rows)
        else:
            notifier.send(rows[0])
    except DeliveryPostponed as fault:
        again = timezone.now() + timedelta(seconds=fault.seconds)
        why: dict[str, Any] = {"error": fault.detail[:1000], "error_code": fault.code, "together": fault.together}
        # nothing was tried, so that no attempt counts
        _end(rows, state=Delivery.State.PENDING, next_attempt_at=again, **why, **increase(attempts=-1))
    except DeliveryError as fault:
        _note_failure(rows, fault)
    except Exception as fault:
        log.exception("delivery %s failed in an unexpected way", delivery_id)
        _note_failure(rows, DeliveryDeferred(type(fault).__name__))
    else:
        _end(rows, state=Delivery.State.SENT, sent_at=timezone.now(), error="", error_code="")


def notifier_for(channel: str) -> Notifier:
    """The notifier for ``channel``. Raises DeliveryRefused if there is none (a plugin was switched off)."""
    known = {notifier.channel: notifier for answer in plugins.ask("notifiers") for notifier in answer}
    try:
        return known[channel]
    except KeyError:
        raise DeliveryRefused(f"no notifier for the channel {channel}") from None


def _claim(delivery_id: int) -> list[Delivery]:
    """The delivery, if it is due and nobody else's; and all that wait to be told in one with it."""
    now = timezone.now()
    taken = {"state": Delivery.State.SENDING, "claimed_at": now, **increase(attempts=1)}
    if not Delivery.objects.due().filter(pk=delivery_id).update(**taken):
        return []
    first = _with_requests().get(pk=delivery_id)
    if not first.together:
        return [first]
    Delivery.objects.together_with(first).update(**taken)
    others = _with_requests().filter(channel=first.channel, address=first.address, state="sending", claimed_at=now)
    return [first, *others.exclude(pk=first.pk).order_by("created_at")]


def _with_requests() -> DeliveryQuerySet:
    return Delivery.objects.select_related("request__package", "request__api_key", "request__leader")


def _note_failure(rows: list[Delivery], fault: DeliveryError) -> None:
    facts: dict[str, Any] = {"error": f"{fault.message} {fault.detail}".strip()[:1000], "error_code": fault.code}
    for delivery in rows:
        give_up_at = delivery.created_at + timedelta(hours=settings.PACKAGER_DELIVERY_HOURS)
        next_attempt = timezone.now() + timedelta(minutes=WAITS[min(delivery.attempts, len(WAITS)) - 1])
        if isinstance(fault, DeliveryUnwanted):
            _end([delivery], state=Delivery.State.STOPPED, **facts)
        elif fault.retryable and next_attempt < give_up_at:
            _end([delivery], state=Delivery.State.PENDING, next_attempt_at=next_attempt, **facts)
        else:
            _end([delivery], state=Delivery.State.FAILED, **facts)


def _end(rows: list[Delivery], **changes: Any) -> None:
    for delivery in rows:
        mine = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.SENDING, attempts=delivery.attempts)
        mine.update(claimed_at=None, **changes)


def send_due() -> int:
    """Hand every due delivery to the cluster (again): of those that are told together one. Returns how many."""
    due = Delivery.objects.due().values_list("pk", "together", "channel", "address")[:1000]
    tasks = {(channel, address) if together else pk: pk for pk, together, channel, address in due}
    for delivery_id in tasks.values():
        _start("packager.tasks.deliver", delivery_id)
    return len(tasks)


def resend(delivery: Delivery) -> Delivery:
    """Send the same news again, as a new delivery."""
    with transaction.atomic():
        (again,) = _save([(delivery.about, delivery.subject, delivery.channel, delivery.address)])
    return again
