"""Rows that must wait, because an archive is written one member at a time."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from packager.streaming.disk import our_errors

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
        """Add bytes. Not after ``chunks``.

        Raises:
            StoreError: the disk does not take them; ``StoreFull`` if it is full.
        """
        with our_errors():
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._directory)  # noqa: SIM115 - close() is its end
            self._file.write(self._deflate.compress(data))

    def chunks(self) -> Iterator[bytes]:
        """Everything written, once, in pieces of bounded size. The file is deleted in the end. Raises StoreError."""
        if self._file is None:
            return
        try:
            with our_errors():
                self._file.write(self._deflate.flush())
                self._file.seek(0)
            inflate, read = zlib.decompressobj(), our_errors()(self._file.read)
            while data := inflate.unconsumed_tail or read(_CHUNK):
                yield inflate.decompress(data, _CHUNK)
            yield inflate.flush()
        finally:
            self.close()

    def close(self) -> None:
        """Delete the file. Safe to call twice; what a full disk did not take is not wanted any more."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
