"""What the portal answers over AMQP: the fields of each kind of response, always all of them and no others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils import timezone

from messaging.models import Conversation
from packager.delivery import outbox
from packager.errors import PackagerError
from packager.models import PackageRequest, Status
from packager.presentation.translation import error_class, notes_of
from packager.sentences import printable

#: The channel of everything that goes to RabbitMQ.
CHANNEL = "amqp"
Body = dict[str, Any]
TYPES = {
    "accepted": "PackageAccepted",
    "progress": "PackageProgress",
    "succeeded": "PackageReady",
    "failed": "PackageFailed",
    "cancelled": "PackageCancelled",
}


def _body(status: str, request: PackageRequest | None, **fields: Any) -> Body:
    return {
        "status": status,
        "request_id": str(request.pk) if request else None,
        "at": timezone.now().isoformat(),
        **fields,
    }


def accepted(request: PackageRequest) -> Body:
    """It is saved."""
    return _body("accepted", request, status_url=request.status_url, queue=request.queue, cached=request.cached)


def progress(request: PackageRequest) -> Body:
    """It is being built."""
    names = ("rows_done", "rows_total", "bytes_done", "bytes_total")
    return _body("progress", request, **{name: getattr(request.building, name) for name in names})


def end(request: PackageRequest) -> Body | None:
    """How it ended; None while it has not."""
    package = request.package
    if request.status == Status.SUCCEEDED and package is not None:
        return _body(
            "succeeded",
            request,
            status_url=request.status_url,
            download_url=request.download_url,
            file_name=package.file_name,
            size=package.size,
            sha256=package.sha256,
            rows=package.rows,
            notes=[str(note) for note in notes_of(package)],
            cached=request.cached,
            expires_at=package.expires_at.isoformat(),
        )
    if request.status == Status.FAILED:
        kind = error_class(request.error_code)
        facts = {"code": request.error_code, "message": request.error_message, "reference": request.error_reference}
        return _body("failed", request, **facts, field=None, retryable=kind.retryable)
    if request.status == Status.CANCELLED:
        return _body("cancelled", request, status_url=request.status_url)
    return None


def refused(error: PackagerError) -> Body:
    """It was not taken, or something went wrong with it."""
    field = printable(getattr(error, "field", "")) or None
    facts = {"code": error.code, "message": printable(error.message, 2000), "field": field}
    return _body("failed", None, **facts, reference=None, retryable=error.retryable)


def put(conversation: Conversation, *bodies: Body) -> None:
    """Save responses to be sent, in order, inside the transaction of what they tell."""
    conversation.latest = bodies[-1]
    conversation.save()
    outbox.put(CHANNEL, [message(conversation, body) for body in bodies])


def send_only(conversation: Conversation, body: Body) -> None:
    """Save a response that is not the latest word about its UUID."""
    outbox.put(CHANNEL, [message(conversation, body)])


def message(conversation: Conversation, body: Body) -> tuple[str, Mapping[str, Any]]:
    """Where a response goes, and the message."""
    reply, kind = conversation.reply, TYPES[body["status"]]
    named = {"__nt_name": kind} if conversation.named_tuple else {}
    headers = {"UUID": conversation.uuid, **(_exception_headers(body) if body["status"] == "failed" else {})}
    sent = {
        "exchange": reply["exchange"],
        "routing_key": reply["routing_key"],
        "correlation_id": reply.get("correlation_id"),
        "type": kind,
        "headers": headers,
        "lasting": body["status"] != "progress",
        "body": {"uuid": conversation.uuid, **body, **named},
    }
    return f"{reply['exchange']} {reply['routing_key']}".strip(), sent


def _exception_headers(body: Body) -> dict[str, str]:
    name = error_class(body["code"]).__name__
    return {
        "exception": body["message"],
        "exception_name": name,
        "exception_type": f"<class 'packager.errors.{name}'>",
        "code": body["code"],
    }


def address(routing_key: str | None, reply_to: str | None, correlation_id: str | None) -> dict[str, Any]:
    """Where the answer to a request goes.

    Args:
        routing_key: with which the request came; what stands before its last part, the answer's has, too.
        reply_to: private queues (``amq.…``) are answered there.
        correlation_id: is copied.
    """
    private = (reply_to or "").startswith("amq.")
    head = routing_key.removesuffix(settings.MESSAGING_INPUT_KEY) if routing_key else ""
    usual = f"{head if head.endswith('.') else ''}{settings.MESSAGING_OUTPUT_KEY}"
    return {
        "exchange": "" if private else settings.MESSAGING_EXCHANGE,
        "routing_key": reply_to if private else usual,
        "correlation_id": correlation_id,
    }
