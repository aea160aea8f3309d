"""Rows that must wait, because an archive is written one member at a time."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_CHUNK = 256 * 1024
_LEVEL = 1  # read once and deflated again, so speed counts more than size


class Spool:
    """Bytes kept in a nameless temporary file, deflated, so that no data lies on the disk in plain text.

    The file is made with the first write. It has no name where the system permits that, and so goes with the process
    whatever happens.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._file: IO[bytes] | None = None
        self._deflate = zlib.compressobj(_LEVEL)

    def write(self, data: bytes) -> None:
        """Add bytes. Not after ``chunks``."""
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._directory, prefix="dwca-")  # noqa: SIM115 - close() is its end
        self._file.write(self._deflate.compress(data))

    def chunks(self) -> Iterator[bytes]:
        """Everything written, once, in pieces of bounded size. The file is deleted in the end."""
        if self._file is None:
            return
        with self._file as file:
            file.write(self._deflate.flush())
            file.seek(0)
            yield from _inflated(file)

    def close(self) -> None:
        """Delete the file. Safe to call twice."""
        if self._file is not None:
            self._file.close()


def _inflated(file: IO[bytes]) -> Iterator[bytes]:
    inflate = zlib.decompressobj()
    while data := file.read(_CHUNK):
        while data:
            yield inflate.decompress(data, _CHUNK)
            data = inflate.unconsumed_tail
    yield inflate.flush()
