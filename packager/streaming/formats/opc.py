"""The ZIP container of office documents (Open Packaging Conventions, ECMA-376 part 2), written in one pass.

Excel calls a file damaged whose entries announce ZIP64 sizes before they are known (analysed at
https://rzymek.github.io/post/excel-zip64/), so every part is written with 32 bit sizes and must stay below 4 GiB.
The archive around such a document has no such limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from stream_zip import ZIP_32, ZipOverflowError, stream_zip

from packager.errors import FormatError
from packager.streaming.archive import deflater
from packager.streaming.notes import Note

#: Bytes handed on at a time.
BLOCK = 1 << 18
#: Bytes a part, and all packed parts together, may have.
PART_LIMIT = 0xFFFFFFFF

_MODE = 0o100644
#: Part of the file, not of the data: the same rows give the same bytes. ZIP knows no day before this one.
_STAMP = datetime(1980, 1, 1)


class Part(NamedTuple):
    """A file within the document: its path and its content, which is read once."""

    path: str
    chunks: Iterable[bytes]


def package(parts: Iterable[Part]) -> Iterator[bytes]:
    """The document. Each part is read to its end before the next one is asked for.

    Raises:
        FormatError: a part, or the document, grows over PART_LIMIT.
    """
    entries = ((part.path, _STAMP, _MODE, ZIP_32, part.chunks) for part in parts)
    try:
        yield from stream_zip(entries, chunk_size=BLOCK, get_compressobj=deflater, extended_timestamps=False)
    except ZipOverflowError as error:
        raise FormatError(reason=Note("document_too_large")) from error
