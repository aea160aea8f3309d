"""Asking again and again, cheaply: ``ETag`` and ``If-None-Match`` (RFC 9110, 13.1.2), ``Retry-After``."""

from __future__ import annotations

import hashlib
import json

from django.utils.http import parse_etags, quote_etag
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from packager.models import PackageRequest, Queue, Status
from packager.presentation.serializers import PackageRequestSerializer

#: Seconds after which a look again makes sense.
SOON, LATER = 2, 10

IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, description="The `ETag` of the response you have."
)


def _header(name: str, description: str, status: list[str], kind: type = str) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.HEADER, description=description, response=status)


ETAG = _header("ETag", "Changes with the response.", ["200"])
RETRY_AFTER = _header(
    "Retry-After", "Seconds to wait before asking again, while it is queued or running.", ["200"], int
)


def respond(call: Request, request: PackageRequest, status: int = 200) -> Response:
    """The request as the API shows it; 304 if the caller has that already."""
    data = PackageRequestSerializer(request, context={"reader": call.auth}).data
    etag = quote_etag(hashlib.sha256(json.dumps(data, cls=JSONEncoder).encode()).hexdigest()[:32])
    known = call.method == "GET" and etag in parse_etags(call.headers.get("If-None-Match", ""))
    response = Response(status=304) if known else Response(data, status=status)
    response["ETag"], response["Cache-Control"] = etag, "private, no-cache"
    if wait := retry_after(request):
        response["Retry-After"] = str(wait)
    return response


def retry_after(request: PackageRequest) -> int:
    """Seconds after which something may have changed; 0 if nothing will."""
    if request.status not in (Status.QUEUED, Status.RUNNING):
        return 0
    return SOON if request.queue == Queue.FAST else LATER
