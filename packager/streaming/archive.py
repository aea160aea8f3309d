"""Members in, the bytes of a ZIP archive out: one pass, ZIP64, nothing kept but one block of data.

The container is written by stream-zip, the deflating is done by ISA-L where it is installed (about fifteen times as
fast as zlib at its usual level, for a slightly larger archive), else by zlib at its fastest level.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from stream_zip import ZIP_64, stream_zip

from packager.streaming.types import Member

try:
    from isal import isal_zlib
except ImportError:
    isal_zlib = None  # type: ignore[assignment]

#: Bytes given to the deflater, and handed on, at a time.
BLOCK = 1 << 20
#: What zipfile calls ``external_attr >> 16``: a regular file, readable by all.
MODE = 0o100644
NAME_BYTES = 200

# The time stamps of a ZIP start in 1980 (APPNOTE 4.4.6); its UNIX time stamp is a signed 32 bit number.
EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
LATEST = datetime(2037, 12, 31, tzinfo=UTC)

# Path separators, control characters and what Windows does not allow in a name.
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)


def zip_chunks(members: Iterable[Member]) -> Iterator[bytes]:
    """The archive, in blocks of at most ``BLOCK`` bytes.

    Each member's chunks are read to their end before the next member is asked for. Names are made safe and unique as
    ``named`` does. Whatever reading the members raises passes through as it is; the archive is then not whole.
    """
    deflate = _Deflate()
    yield from stream_zip(_entries(members, deflate), chunk_size=BLOCK, get_compressobj=deflate.start)


def named(members: Iterable[Member]) -> Iterator[Member]:
    """The same members with names that are safe to unpack anywhere, and unique also where case does not count."""
    taken: set[str] = set()
    for member in members:
        name = _unique(safe_name(member.name), taken)
        taken.add(name.casefold())
        yield replace(member, name=name)


def safe_name(name: str) -> str:
    """A file name without a path, control characters or anything that Windows refuses; ``file`` if nothing is left."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rstrip("/").rpartition("/")[2]
    clean = _UNSAFE.sub("_", last.encode("utf-8", "replace").decode()).strip(" ").rstrip(". ")
    if _RESERVED.match(clean):
        clean = f"_{clean}"
    return _shortened(clean) or "file"


def deflater() -> Any:
    """The fastest compressor there is for raw deflate."""
    if isal_zlib is None:
        return zlib.compressobj(level=1, wbits=-zlib.MAX_WBITS)
    return isal_zlib.compressobj(level=2, wbits=-zlib.MAX_WBITS)


class _Deflate:
    """Makes the compressor of each member; told before which kind it is to be."""

    def __init__(self) -> None:
        self.compress = True

    def start(self) -> Any:
        """A raw deflate compressor. Packed content goes into stored blocks, which cost no more than a copy."""
        if not self.compress:
            return zlib.compressobj(level=0, wbits=-zlib.MAX_WBITS)
        return deflater()


def _entries(members: Iterable[Member], deflate: _Deflate) -> Iterator[tuple[str, datetime, int, Any, Iterable[bytes]]]:
    """What stream-zip wants to know of each member. It asks for the compressor right after it took the entry."""
    for member in named(members):
        deflate.compress = member.compress
        yield member.name, _stamp(member.modified), MODE, ZIP_64, member.chunks


def _stamp(modified: datetime | None) -> datetime:
    moment = modified or datetime.now(UTC)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(moment.astimezone(UTC), EARLIEST), LATEST)


def _unique(name: str, taken: set[str]) -> str:
    stem, dot, extension = name.rpartition(".") if "." in name[1:] else (name, "", "")
    number, candidate = 1, name
    while candidate.casefold() in taken:
        number += 1
        candidate = f"{stem}-{number}{dot}{extension}"
    return candidate


def _shortened(name: str) -> str:
    """At most NAME_BYTES bytes of UTF-8, cut before the extension."""
    stem, dot, extension = name.rpartition(".") if "." in name[-20:] else (name, "", "")
    room = NAME_BYTES - len((dot + extension).encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + dot + extension
