"""Every failure of the API in one envelope: problem details as in RFC 9457."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterator
from http import HTTPStatus
from math import ceil
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation, ValidationError
from django.http import Http404
from drf_spectacular.utils import OpenApiResponse
from rest_framework import exceptions, serializers
from rest_framework.response import Response

from packager import errors
from packager.errors import PackagerError, RequestError
from packager.lifecycle.patience import AWAY
from packager.models import new_reference
from packager.sentences import printable

log = logging.getLogger(__name__)
CONTENT_TYPE = "application/problem+json"
#: Seconds after which to come back when the database is locked or away.
AWAY_FOR = 30
#: The first class that fits decides. A data portal that fails is a failed dependency: not our fault, not the caller's.
STATUSES: tuple[tuple[type[PackagerError], int], ...] = (
    (errors.NotAuthorized, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.IdempotencyMismatch, 422),
    (errors.Conflict, 409),
    (errors.BodyTooLarge, 413),
    (errors.RequestError, 400),
    (errors.SourceError, 424),
    (errors.Unavailable, 503),
)


class FieldProblemSerializer(serializers.Serializer[Any]):
    """What is wrong with one field."""

    field = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """Why a call failed (RFC 9457)."""

    type = serializers.CharField(help_text="An address that identifies the kind of problem.")
    title = serializers.CharField()
    status = serializers.IntegerField(help_text="The HTTP status.")
    detail = serializers.CharField(help_text="A sentence for people.")
    code = serializers.CharField(help_text="Stable, for programs; `/api/v1/problems/` lists them.")
    field = serializers.CharField(required=False, help_text="The field that is wrong, if there is one.")
    errors = FieldProblemSerializer(  # type: ignore[assignment]
        many=True, required=False, help_text="Every field that is wrong."
    )
    reference = serializers.CharField(
        required=False, help_text="Quote it when you ask the portal's staff about an internal error."
    )


SENTENCES = {
    400: "The request is not valid.",
    401: "The API key is missing, wrong or revoked.",
    403: "The API key does not allow this.",
    404: "It does not exist, or belongs to somebody else.",
    409: "This cannot be done in the current state of the request.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "The Idempotency-Key was used before with a different body.",
    424: "The data portal could not be read.",
    429: "Too many calls: wait Retry-After seconds and try again.",
    503: "The portal is unavailable at the moment: wait Retry-After seconds and try again. Nothing was saved.",
}


def documented(*statuses: int, open_to_all: bool = False) -> dict[tuple[int, str], OpenApiResponse]:
    """The problems of an operation for its schema; those that every call can have come by themselves."""
    always = {429, 503} if open_to_all else {401, 403, 429, 503}
    return {
        (status, CONTENT_TYPE): OpenApiResponse(ProblemSerializer, SENTENCES[status])
        for status in sorted({*statuses, *always})
    }


def problem(status: int, code: str, detail: str, **more: Any) -> dict[str, Any]:
    """The members of an envelope; ``more`` are left out where they are empty."""
    body = {
        "type": f"{settings.PUBLIC_URL}/api/v1/problems/#{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    return body | {name: value for name, value in more.items() if value}


#: What DRF calls the object itself.
NO_FIELD = "non_field_errors"
#: Exceptions that are not ours, and what they are called by us. The first class that fits decides.
FOREIGN: tuple[tuple[tuple[type[Exception], ...], PackagerError], ...] = (
    ((Http404, exceptions.NotFound), errors.NotFound(SENTENCES[404])),
    ((exceptions.NotAuthenticated, exceptions.AuthenticationFailed), errors.NotAuthorized(SENTENCES[401])),
    ((PermissionDenied, exceptions.PermissionDenied), errors.Forbidden(SENTENCES[403])),
    ((exceptions.ParseError, SuspiciousOperation, RecursionError), RequestError("The body is not valid JSON")),
    ((ValidationError,), RequestError("A parameter has a value that cannot be used")),
    (AWAY, errors.Unavailable()),
)


def answer(error: Exception, context: dict[str, Any]) -> Response:
    """What the API answers when ``error`` was raised: DRF's ``EXCEPTION_HANDLER``. Nothing internal gets out."""
    if isinstance(error, AWAY):
        log.error("a call of the API could not be answered: the database is away", exc_info=error)
    error = next((ours for kinds, ours in FOREIGN if isinstance(error, kinds)), error)
    headers = retry_after(error)
    if isinstance(error, errors.NotAuthorized):
        headers["WWW-Authenticate"] = "Bearer"
    body = _described(error)
    return Response(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE, exception=True)


def retry_after(error: Exception) -> dict[str, str]:
    """The header that tells when to call again; none for failures that do not pass by themselves."""
    if isinstance(error, (errors.Unavailable, *AWAY)):
        return {"Retry-After": str(AWAY_FOR)}
    if not isinstance(error, exceptions.Throttled):
        return {}
    return {"Retry-After": str(max(1, ceil(getattr(error, "wait", None) or 1)))}


def _described(error: Exception) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        found = list(_field_problems(error.detail))
        first = found[0]
        return problem(400, "bad_request", f"{first['field']}: {first['detail']}", field=first["field"], errors=found)
    if isinstance(error, exceptions.APIException):
        return problem(error.status_code, str(error.default_code), str(error.detail))
    if isinstance(error, PackagerError) and (status := status_of(type(error))) != 500:
        return problem(status, error.code, error.message, field=getattr(error, "field", ""))
    reference = new_reference()
    log.error("a call of the API failed, reference %s", reference, exc_info=error)
    return problem(500, PackagerError.code, PackagerError.sentence, reference=reference)


def _field_problems(detail: Any, field: str = "") -> Iterator[dict[str, str]]:
    """DRF's nested details, flat: ``options.bom`` and so on."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            within = field if name == NO_FIELD else f"{field}.{name}" if field else str(name)
            yield from _field_problems(inner, within)
    elif isinstance(detail, list):
        for inner in detail:
            yield from _field_problems(inner, field)
    else:
        yield {"field": printable(field) or "body", "detail": printable(str(detail))}


def first_field_problem(detail: Any) -> tuple[str, str]:
    """The first field at fault in DRF's details of a validation error, and what is wrong with it."""
    found = next(_field_problems(detail))
    return found["field"], found["detail"]


def status_of(kind: type[PackagerError]) -> int:
    """The HTTP status with which a failure of this class is answered."""
    return next((status for known, status in STATUSES if issubclass(kind, known)), 500)


def catalogue() -> list[dict[str, Any]]:
    """Every code that answers and failures of requests may carry: code, sentence, whether trying again can help."""
    known = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, PackagerError)]
    rows = {kind.code: (kind, inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0]) for kind in known}
    more = {"throttled": SENTENCES[429], "unsupported_media_type": SENTENCES[415]}
    more["method_not_allowed"] = "This address does not support the HTTP method."
    listed = [
        {"code": code, "meaning": meaning.replace("\n", " "), "retryable": kind.retryable}
        for code, (kind, meaning) in rows.items()
        if not issubclass(kind, errors.DeliveryError | errors.DwcConfigurationError)
    ]
    return sorted(
        [*listed, *({"code": c, "meaning": m, "retryable": c == "throttled"} for c, m in more.items())],
        key=lambda row: str(row["code"]),
    )
