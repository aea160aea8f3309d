"""Serves a file with Range, ETag and HEAD (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.utils import parsedate_to_datetime

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.http import http_date

from packager.storage.base import Reader

#: Bytes read at a time where the server does not let the system send the file.
BLOCK = 64 * 1024
#: One range only: a client that asks for several gets the whole file, which the RFC allows.
_RANGE = re.compile(r"bytes=(?:(\d+)-(\d*)|-(\d+))")


def parse(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte that ``header`` asks for; None if it is no single range of bytes, and so to be ignored.

    Raises:
        ValueError: the range lies outside of the file.
    """
    found = _RANGE.fullmatch(header.replace(" ", ""))
    if found is None:
        return None
    first, last, suffix = found.groups()
    if suffix is not None:
        start, end = max(size - int(suffix), 0), size - 1
    else:
        start, end = int(first), min(int(last) if last else size - 1, size - 1)
        if last and int(last) < start:
            return None
    if start > end or start >= size:
        raise ValueError(header)
    return start, end


def wanted(request: HttpRequest, etag: str, modified: float) -> str:
    """The Range header, if the client's condition (If-Range) still holds; empty otherwise."""
    condition, same = request.headers.get("If-Range", ""), True
    if condition.startswith(('"', "W/")):
        same = condition == etag
    elif condition:
        try:
            same = parsedate_to_datetime(condition).timestamp() == int(modified)
        except ValueError:
            same = False
    return request.headers.get("Range", "") if same else ""


def respond(
    request: HttpRequest, opened: Callable[[int, int], Reader], size: int, etag: str, modified: float
) -> HttpResponseBase:
    """200, 206 or 416.

    Args:
        request: says which part is wanted.
        opened: gives the file from a byte, so many bytes; not called for a part that is not there.
        size: that of the file in bytes.
        etag: with its quotes.
        modified: in seconds since 1970.
    """
    headers = {"Accept-Ranges": "bytes", "ETag": etag, "Last-Modified": http_date(int(modified))}
    try:
        span = parse(wanted(request, etag, modified), size)
    except ValueError:
        return HttpResponse(status=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    start, end = span or (0, size - 1)
    response = FileResponse(opened(start, end - start + 1), status=206 if span else 200, headers=headers)
    response.block_size = BLOCK
    response["Content-Length"] = str(end - start + 1)
    if span:
        response["Content-Range"] = f"bytes {start}-{end}/{size}"
    return response
