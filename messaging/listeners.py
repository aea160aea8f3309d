"""What happens in the packager, put down as messages in the transaction in which it happens."""

from __future__ import annotations

from dataclasses import asdict
from functools import singledispatch
from typing import Any

from django.conf import settings

from messaging import responses
from messaging.models import Conversation
from packager import events
from packager.delivery import outbox
from packager.models import PackageRequest

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
#: What is nobody else's business.
KEPT_BACK = ("email",)


def publish(routing_key: str, operation: str, payload: dict[str, Any]) -> None:
    """Send an event to the exchange MESSAGING_SITE_ID. It goes out if and when the transaction is committed."""
    body = {"routing_key": routing_key, "operation": operation, "payload": payload}
    message = {"exchange": settings.MESSAGING_SITE_ID, "routing_key": routing_key, "type": operation, "body": body}
    outbox.put(responses.CHANNEL, [(f"{settings.MESSAGING_SITE_ID} {routing_key}", message)])


def put_down(event: events.AnyEvent) -> None:
    """Tell of an event, and answer whoever asked for it over AMQP."""
    if told := TOLD.get(type(event)):
        publish(*told, {name: _plain(value) for name, value in asdict(event).items() if name not in KEPT_BACK})
    _answer(event)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value if isinstance(value, int | float | bool | None) else str(value)


@singledispatch
def _answer(event: events.AnyEvent) -> None:
    """Other events answer nobody."""


@_answer.register(events.RequestServed)
@_answer.register(events.RequestFailed)
@_answer.register(events.RequestCancelled)
def _ended(event: events.Event) -> None:
    conversation = Conversation.objects.filter(request=event.request_id).first()
    if conversation is None:
        return
    request = PackageRequest.objects.select_related("package", "leader").get(pk=event.request_id)
    if body := responses.end(request):
        responses.put(conversation, body)
