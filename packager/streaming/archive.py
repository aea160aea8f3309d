"""Members in, the bytes of a ZIP archive out: one pass, ZIP64, nothing kept but one block of data.

The container is written by stream-zip, the deflating is done by ISA-L where it is installed (about fifteen times as
fast as zlib at its usual level, for a slightly larger archive), else by zlib at its fastest level.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

from stream_zip import ZIP_64, stream_zip

from packager.streaming.file_names import safe_name
from packager.streaming.types import Member

try:
    from isal import isal_zlib
except ImportError:
    isal_zlib = None  # type: ignore[assignment]

#: Bytes given to the deflater, and handed on, at a time.
BLOCK = 1 << 20
#: What zipfile calls ``external_attr >> 16``: a regular file, readable by all.
MODE = 0o100644

# The time stamps of a ZIP start in 1980 (APPNOTE 4.4.6); its UNIX time stamp is a signed 32 bit number.
EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
LATEST = datetime(2037, 12, 31, tzinfo=UTC)


def zip_chunks(members: Iterable[Member]) -> Iterator[bytes]:
    """The archive, in blocks of at most ``BLOCK`` bytes.

    Each member's chunks are read to their end before the next member is asked for. Names are made safe and unique as
    ``named`` does. Whatever reading the members raises passes through as it is; the archive is then not whole.
    """
    entries = _Entries(members)
    yield from stream_zip(entries, chunk_size=BLOCK, get_compressobj=entries.compressor)


def named(members: Iterable[Member]) -> Iterator[Member]:
    """The same members with names that are safe to unpack anywhere, and unique also where case does not count."""
    taken: set[str] = set()
    for member in members:
        name = candidate = safe_name(member.name)
        stem, dot, extension = name.rpartition(".") if "." in name[1:] else (name, "", "")
        for number in count(2):
            if candidate.casefold() not in taken:
                break
            candidate = f"{stem}-{number}{dot}{extension}"
        taken.add(candidate.casefold())
        yield replace(member, name=candidate)


def deflater() -> Any:
    """The fastest compressor there is for raw deflate."""
    if isal_zlib is None:
        return zlib.compressobj(level=1, wbits=-zlib.MAX_WBITS)
    return isal_zlib.compressobj(level=2, wbits=-zlib.MAX_WBITS)


class _Entries:
    """What stream-zip wants to know of each member. It asks for the compressor right after it took the entry."""

    def __init__(self, members: Iterable[Member]) -> None:
        self._members = members
        self._compress = True

    def __iter__(self) -> Iterator[tuple[str, datetime, int, Any, Iterable[bytes]]]:
        for member in named(self._members):
            self._compress = member.compress
            moment = member.modified or datetime.now(UTC)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            stamp = min(max(moment.astimezone(UTC), EARLIEST), LATEST)
            yield member.name, stamp, MODE, ZIP_64, member.chunks

    def compressor(self) -> Any:
        """A raw deflate compressor. Packed content goes into stored blocks, which cost no more than a copy."""
        return deflater() if self._compress else zlib.compressobj(level=0, wbits=-zlib.MAX_WBITS)
