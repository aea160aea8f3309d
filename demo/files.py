"""Files to download, with Range and ETag as a web server gives them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

BLOCK = bytes(range(256)) * 256


@dataclass(frozen=True, slots=True)
class Download:
    """A file: ``pieces()`` starts to read it from its beginning."""

    size: int
    etag: str
    content_type: str
    pieces: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Part:
    """What of a file is to be sent, from ``start`` up to ``stop``, and with which status."""

    status: int
    start: int
    stop: int


def pattern(size: int) -> Download:
    """A file of any size whose byte at ``n`` is ``n % 256``."""

    def pieces() -> Iterator[bytes]:
        for _ in range(size // len(BLOCK)):
            yield BLOCK
        yield BLOCK[: size % len(BLOCK)]

    return Download(size, f'"pattern-{size}"', "application/octet-stream", pieces)


def wanted(file: Download, headers: Mapping[str, str]) -> Part:
    """The part that the headers (names in lower case) ask for; status 416 for one that is not there."""
    if headers.get("if-none-match") == file.etag:
        return Part(304, 0, 0)
    asked = re.fullmatch(r"bytes=(\d*)-(\d*)", headers.get("range", ""))
    if not asked or headers.get("if-range", file.etag) != file.etag or not any(asked.groups()):
        return Part(200, 0, file.size)
    first, last = asked.groups()
    start = int(first) if first else max(0, file.size - int(last))
    stop = min(int(last) + 1, file.size) if first and last else file.size
    return Part(206, start, stop) if start < stop else Part(416, 0, 0)


def cut_out(pieces: Iterator[bytes], start: int, stop: int) -> Iterator[bytes]:
    """The bytes from ``start`` up to ``stop`` of pieces joined."""
    at = 0
    for piece in pieces:
        if at >= stop:
            return
        if at + len(piece) > start:
            yield piece[max(0, start - at) : stop - at]
        at += len(piece)
