"""Messages for other programs: saved in the transaction of what they tell, sent in order, at least once.

What is rolled back was never saved and so is never sent. What is committed is sent by a process that its channel has of
its own, oldest first, and marked when the receiver has confirmed it. Whoever dies in between sends it again: the same
``message_id`` tells the copies of a message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from packager.models import Delivery

Message = Mapping[str, Any]
#: How long a message that was sent is kept.
KEPT = timedelta(days=1)


def put(channel: str, messages: Iterable[tuple[str, Message]]) -> None:
    """Save messages, to be called inside the transaction of what they tell.

    Args:
        channel: whose process sends them.
        messages: for each where it goes, in words for staff, and what the process sends, as JSON can hold it.
    """
    now = timezone.now()
    common = {"channel": channel, "subject": Delivery.Subject.MESSAGE, "created_at": now, "next_attempt_at": now}
    Delivery.objects.bulk_create(
        Delivery(address=address, message={**message, "message_id": str(uuid4())}, **common)
        for address, message in messages
    )


def send_waiting(channel: str, send: Callable[[Message], None], most: int = 100) -> int:
    """Send what waits, oldest first. Returns how many.

    Args:
        channel: of the messages. Only one process at a time may do this for a channel, or they lose their order.
        send: returns when the receiver has confirmed the message; whatever it raises ends this and is passed on.
        most: as many at a time.
    """
    confirmed: list[int] = []
    try:
        for pk, message in list(Delivery.objects.outbox(channel).values_list("pk", "message")[:most]):
            send(message)
            confirmed.append(pk)
    finally:
        sent = {"state": Delivery.State.SENT, "sent_at": timezone.now()}
        Delivery.objects.filter(pk__in=confirmed).update(attempts=1, **sent)
    return len(confirmed)


def tidy() -> int:
    """Delete messages that were sent long ago. Returns how many."""
    old = Delivery.objects.filter(message__isnull=False, state="sent", sent_at__lt=timezone.now() - KEPT)
    return old.delete()[0]
