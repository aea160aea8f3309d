"""What happens in the packager, put down as messages in the transaction in which it happens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.conf import settings

from messaging import responses
from messaging.models import Conversation
from packager import events
from packager.delivery import outbox

#: What is told of events: routing key and operation.
TOLD: dict[type, tuple[str, str]] = {
    events.RequestAccepted: ("Request", "accepted"),
    events.RequestServed: ("Request", "served"),
    events.RequestFailed: ("Request", "failed"),
    events.RequestCancelled: ("Request", "cancelled"),
    events.PackageBuilt: ("Package", "built"),
    events.PackageDownloaded: ("Package", "downloaded"),
    events.PackageExpired: ("Package", "expired"),
    events.PersonalDataForgotten: ("PersonalData", "deleted"),
}
#: What is answered to who asked over AMQP.
ENDS = (events.RequestServed, events.RequestFailed, events.RequestCancelled)
#: What is nobody else's business.
KEPT_BACK = ("email",)


def publish(routing_key: str, operation: str, payload: dict[str, Any]) -> None:
    """Send an event to the exchange MESSAGING_SITE_ID. It goes out if and when the transaction is committed."""
    outbox.put(responses.CHANNEL, [_notification(routing_key, operation, payload)])


def _notification(routing_key: str, operation: str, payload: dict[str, Any]) -> tuple[str, outbox.Message]:
    body = {"routing_key": routing_key, "operation": operation, "payload": payload}
    message = {"exchange": settings.MESSAGING_SITE_ID, "routing_key": routing_key, "type": operation, "body": body}
    return f"{settings.MESSAGING_SITE_ID} {routing_key}", message


def put_down(happened: Sequence[events.AnyEvent]) -> None:
    """Tell of events, and answer those who asked for it over AMQP: a handful of queries, for one or for thousands."""
    told = [(*TOLD[type(event)], _facts(event)) for event in happened if type(event) in TOLD]
    messages = [_notification(*parts) for parts in told]
    ended = [event.request_id for event in happened if isinstance(event, ENDS)]
    asked = Conversation.objects.filter(request__in=ended).select_related("request__package", "request__leader")
    conversations = list(asked) if ended else []
    for conversation in conversations:
        assert conversation.request is not None
        if body := responses.end(conversation.request):
            conversation.latest = body
            messages.append(responses.message(conversation, body))
    Conversation.objects.bulk_update(conversations, ["latest"])
    outbox.put(responses.CHANNEL, messages)


def _facts(event: events.AnyEvent) -> dict[str, Any]:
    return {name: _plain(value) for name, value in asdict(event).items() if name not in KEPT_BACK}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value if isinstance(value, int | float | bool | None) else str(value)
