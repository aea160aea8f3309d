"""The file of a resource, streamed to disk through the portal's guarded client."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from urllib3 import BaseHTTPResponse

from packager.errors import AddressForbidden, SourceBusy, SourceError, SourceUnreachable
from packager.streaming.http import HttpClient, retry_after
from pusher.errors import AddressNotAllowed, DownloadFailed, OnlyHttp, TooLarge

PIECE = 1 << 18
#: "Not ready yet", and answers after which the same question may be answered better.
TEMPORARY = frozenset({202, 408, 425, 429})
#: Characters of a refusal that are shown.
SHOWN = 200


@dataclass(frozen=True)
class Download:
    """``md5`` in hexadecimal digits; ``cut_off`` says that the file goes on."""

    path: Path
    size: int
    md5: str
    cut_off: bool = False


def without_query(url: str) -> str:
    """``url`` as it may be shown to everybody: tokens live in queries, user names before the host."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


@dataclass(frozen=True)
class Order:
    """What to fetch, and how much of it.

    ``shown`` is the address to name to everybody; ``most`` bytes are taken; with ``excerpt`` the beginning of a larger
    file is good as well. ``progress`` is told the bytes that came and those announced.
    """

    url: str
    target: Path
    most: int
    shown: str = ""
    excerpt: bool = False
    progress: Callable[[int, int | None], None] = lambda done, total: None

    @property
    def public_url(self) -> str:
        """The address without what is nobody's business."""
        return without_query(self.shown or self.url)


def download(client: HttpClient, order: Order) -> Download:
    """The file, tried as often as the client's retry policy says.

    Raises:
        OnlyHttp, AddressNotAllowed, DownloadFailed, TooLarge.
    """
    if urlsplit(order.url).scheme.lower() not in ("http", "https"):
        raise OnlyHttp
    try:
        return client.retry(lambda: _once(client, order))
    except AddressForbidden as error:
        raise AddressNotAllowed(error.detail) from None
    except SourceBusy as error:
        raise _failed(order, int(str(error.params["status"])), error.detail) from None
    except SourceUnreachable as error:
        raise DownloadFailed(f"its server could not be reached ({error.detail})", url=order.public_url) from None
    except SourceError as error:
        raise DownloadFailed(error.detail or "its server did not hand it out", url=order.public_url) from None


def _once(client: HttpClient, order: Order) -> Download:
    with closing(client.fetch(order.url, {})) as response:
        _check_status(client, response, order)
        length = announced(response)
        if length is not None and length > order.most and not order.excerpt:
            raise TooLarge("download", length, order.most)
        found = _save(client.stream(response, PIECE), order, length)
    if length is not None and found.size < length and not found.cut_off:
        raise SourceUnreachable("the connection broke off")
    return found


def _check_status(client: HttpClient, response: BaseHTTPResponse, order: Order) -> None:
    status = response.status
    if status == 200:
        return
    text = next(client.stream(response, SHOWN * 4), b"").decode(errors="replace")
    if status in TEMPORARY or status >= 500:
        raise SourceBusy(text, status=status, retry_after=retry_after(response.headers.get("Retry-After")))
    raise _failed(order, status, text)


def _failed(order: Order, status: int, text: str) -> DownloadFailed:
    reason = f"its server answered with HTTP {status}"
    return DownloadFailed(reason, url=order.public_url, status=status, response=" ".join(text.split())[:SHOWN])


def announced(response: BaseHTTPResponse) -> int | None:
    """Bytes that the server says there are; None if it says nothing, or nothing that is a number."""
    length = response.headers.get("Content-Length", "")
    encoded = response.headers.get("Content-Encoding", "identity").lower() != "identity"
    return int(length) if length.isascii() and length.isdecimal() and not encoded else None


def _save(pieces: Iterator[bytes], order: Order, length: int | None) -> Download:
    size, md5 = 0, hashlib.md5(usedforsecurity=False)
    with order.target.open("wb") as file:
        for piece in pieces:
            kept = piece[: order.most - size] if order.excerpt else piece
            size += len(kept)
            if size > order.most:
                raise TooLarge("process", size, order.most)
            md5.update(kept)
            file.write(kept)
            order.progress(size, length)
            if len(kept) < len(piece):
                return Download(order.target, size, md5.hexdigest(), cut_off=True)
    return Download(order.target, size, md5.hexdigest())
