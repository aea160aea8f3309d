"""Takes a request that came over AMQP. Knows no broker: bytes and properties in, rows (or a reason why not) out."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from rest_framework import serializers

from messaging import responses
from messaging.models import Conversation, Lease
from packager.api.v1.problems import first_field_problem
from packager.api.v1.serializers import PackageRequestCreateSerializer
from packager.errors import IdempotencyMismatch, NotAuthorized, NotFound, PackagerError, RequestError
from packager.intake import validation
from packager.intake.idempotency import Owner
from packager.lifecycle import requests
from packager.models import PackageRequest
from packager.security import api_keys, encryption
from packager.security.api_keys import ApiKey
from packager.security.redaction import HIDDEN
from packager.sentences import printable

log = logging.getLogger(__name__)
#: What is raised while the database cannot be used; the same may go well later.
DATABASE_AWAY = (OperationalError, InterfaceError)
#: The API key whose requests these are.
KEY_NAME = "AMQP"
#: The longest UUID.
LONGEST = 255


class CannotBeAnswered(Exception):
    """Nobody knows whom to answer; says why."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as it came."""

    body: bytes
    routing_key: str = ""
    headers: Mapping[str, Any] = field(default_factory=dict)
    reply_to: str | None = None
    correlation_id: str | None = None


def take(message: Incoming) -> None:
    """Save what it asks for, and the answer, in one transaction.

    Raises:
        CannotBeAnswered: it has no UUID.
        OperationalError, InterfaceError: the database is away; nothing was saved.
    """
    uuid = _uuid(message.headers)
    asked, said, problem = _read(message.body)
    address = {name: getattr(message, name) for name in ("routing_key", "reply_to", "correlation_id")}
    if wrong := [name for name, value in address.items() if not _is_text(value)]:
        problem = RequestError(f"{wrong[0]} must be printable text", field=wrong[0])
        address.update(dict.fromkeys(wrong))
    reply = responses.address(**address)
    named = isinstance(asked, dict) and _NAME in _names(asked)
    conversation = Conversation(uuid=uuid, digest=encryption.mark(said), reply=reply, named_tuple=named)
    do = _prepare(conversation, _without_names(asked), problem)
    try:
        with transaction.atomic():
            if not _answer_again(conversation, said):
                responses.put(conversation, *_bodies(do))
    except IntegrityError:
        # another gateway takes the same at this moment
        with transaction.atomic():
            if not _answer_again(conversation, said):
                raise


def _uuid(headers: Mapping[str, Any]) -> str:
    uuid = headers.get("UUID")
    if not isinstance(uuid, str) or not uuid:
        raise CannotBeAnswered("no header UUID that is text")
    if len(uuid) > LONGEST or not uuid.isprintable():
        raise CannotBeAnswered(f"the header UUID is not 1 to {LONGEST} printable characters")
    return uuid


def _is_text(value: Any) -> bool:
    """Whether the database can hold it; pika gives bytes for what is not UTF-8."""
    return value is None or (isinstance(value, str) and value.isprintable())


# ------------------------------------------------------------------- the body

_NAME = "__nt_name"
_KEY = re.compile(rb'("key"\s*+:\s*+)"(?:[^"\\]|\\.)*+"?', re.DOTALL)


def _read(body: bytes) -> tuple[Any, str, RequestError | None]:
    """The body parsed, in words that are the same for the same request, and what is wrong with it."""
    raw = body.hex() or "empty"
    if len(body) > settings.MESSAGING_MAX_BYTES:
        return None, raw, RequestError(f"The body has more than {settings.MESSAGING_MAX_BYTES} bytes", field="body")
    try:
        asked = json.loads(body.decode(), object_pairs_hook=validation.no_repeats)
        said = json.dumps(_without_names(asked), sort_keys=True)
    except RequestError as error:
        return None, raw, error
    except (ValueError, RecursionError):
        return None, raw, RequestError("The body is not valid JSON in UTF-8", field="body")
    if not isinstance(asked, dict):
        return None, said, RequestError("The body must be a JSON object", field="body")
    return asked, said, None


def without_key(body: bytes) -> bytes:
    """A body that cannot be answered, as it came, but for the value of ``key``: that of CKAN is a secret."""
    asked = _read(body)[0]
    if asked is None:
        return _KEY.sub(rb'\1"%s"' % HIDDEN.encode(), body)
    return json.dumps({**asked, "key": HIDDEN}, ensure_ascii=False).encode(errors="replace") if "key" in asked else body


def _without_names(value: Any) -> Any:
    """``value`` without what edeposit's ``serialize`` puts into every object."""
    if isinstance(value, dict):
        return {name: _without_names(inner) for name, inner in value.items() if name != _NAME}
    return [_without_names(inner) for inner in value] if isinstance(value, list) else value


def _names(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*(_names(inner) for inner in value.values()))
    return set[str]().union(*(_names(inner) for inner in value)) if isinstance(value, list) else set()


# ----------------------------------------------------------------- the answer


def _answer_again(asked: Conversation, said: str) -> bool:
    """Answer a UUID that came before: the same again, or (for another body) that it cannot be. False for a new one."""
    same = Conversation.objects.filter(uuid=asked.uuid).select_related("request")
    before = same.select_for_update(of=("self",)).first()
    if before is None:
        return False
    if not encryption.is_mark(before.digest, said):
        error = IdempotencyMismatch("This UUID was used before with another body", field="UUID")
        responses.send_only(asked, responses.refused(error))
        return True
    before.reply, before.named_tuple = asked.reply, asked.named_tuple
    if before.request is not None and before.latest and before.latest.get("request_id") == str(before.request.pk):
        first, last = responses.accepted(before.request), responses.end(before.request)
        responses.put(before, first, *([last] if last else []))
    elif before.latest:
        responses.put(before, before.latest)
    return True


Work = Callable[[], list[responses.Body]]


def _prepare(conversation: Conversation, asked: Any, problem: RequestError | None) -> Work:
    """What only reads is done now, before anybody else's writing waits for ours; the rest is given back, to be done
    inside the transaction and to give the responses."""
    try:
        if problem:
            raise problem
        return _operation(asked)(conversation, asked)
    except Exception as error:
        refusal = _refusal(error)
        return lambda: [refusal]


def _bodies(do: Work) -> list[responses.Body]:
    try:
        with transaction.atomic():
            return do()
    except Exception as error:
        return [_refusal(error)]


def _refusal(error: Exception) -> responses.Body:
    """How an error is answered. Raises it, if that is none but the database's absence."""
    if isinstance(error, DATABASE_AWAY):
        raise error
    if isinstance(error, serializers.ValidationError):
        name, detail = first_field_problem(error.detail)
        error = RequestError(f"{name}: {detail.rstrip('.')}", field=name)
    if not isinstance(error, PackagerError):
        log.error("a request over AMQP failed in an unexpected way", exc_info=error)
        error = PackagerError(type(error).__name__)
    return responses.refused(error)


def _operation(asked: dict[str, Any]) -> Callable[[Conversation, dict[str, Any]], Work]:
    name = asked.pop("operation", None) or "package"
    try:
        return OPERATIONS[name]
    except (KeyError, TypeError):
        raise RequestError(f"operation must be one of {', '.join(OPERATIONS)}", field="operation") from None


def _package(conversation: Conversation, asked: dict[str, Any]) -> Work:
    question = PackageRequestCreateSerializer(data={name: value for name, value in asked.items() if value is not None})
    question.is_valid(raise_exception=True)
    owner = Owner(key_of_gateway(), conversation.uuid, conversation.digest)
    prepared = requests.prepare(question.submission, owner=owner)

    def save() -> list[responses.Body]:
        conversation.request = request = requests.save(prepared, owner=owner)
        last = responses.end(request)
        return [responses.accepted(request), *([last] if last else [])]

    return save


def _cancel(conversation: Conversation, asked: dict[str, Any]) -> Work:
    of = _earlier(asked)
    if of.request is None:
        raise NotFound("There is no request under this UUID that could be cancelled", field="of")
    key_of_gateway()
    pk = of.request.pk
    return lambda: [_ended(requests.cancel(pk, actor="AMQP").pk)]


def _status(conversation: Conversation, asked: dict[str, Any]) -> Work:
    latest = _earlier(asked).latest
    if latest is None:
        raise NotFound("There is no response under this UUID", field="of")
    return lambda: [latest]


OPERATIONS = {"package": _package, "cancel": _cancel, "status": _status}


def _ended(pk: Any) -> responses.Body:
    body = responses.end(PackageRequest.objects.select_related("package", "leader").get(pk=pk))
    assert body is not None
    return body


def _earlier(asked: dict[str, Any]) -> Conversation:
    if unknown := [name for name, value in asked.items() if name != "of" and value is not None]:
        raise RequestError("There is no such field", field=printable(unknown[0]))
    of = validation.required("of", asked.get("of"))
    found = Conversation.objects.select_related("request").filter(uuid=of).first()
    if found is None:
        raise NotFound("There is no request under this UUID", field="of")
    return found


def key_of_gateway() -> ApiKey:
    """The API key of all gateways, made when it is first needed. Raises NotAuthorized if staff revoked it."""
    found = ApiKey.objects.filter(name=KEY_NAME).order_by("pk").first()
    if found is None:
        found = _make_key()
    if found.revoked_at:
        raise NotAuthorized("Requests over AMQP are not taken: their API key is revoked")
    return found


@transaction.atomic
def _make_key() -> ApiKey:
    # one row that all gateways lock, so that they do not make a key each
    Lease.objects.bulk_create([Lease(name="key", holder="", until="2000-01-01T00:00Z")], ignore_conflicts=True)
    Lease.objects.select_for_update().get(name="key")
    return ApiKey.objects.filter(name=KEY_NAME).order_by("pk").first() or api_keys.issue(KEY_NAME).api_key
