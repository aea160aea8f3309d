"""Where finished archives live. A name appears in the store only when its file is whole and safe on the disk."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from packager.errors import StoreError, StoreFull

#: What the store calls its files; nothing else is ever deleted.
_NAME = re.compile(r"[0-9a-f]{2}/[0-9a-f]{32}\.zip")
_ASIDE = re.compile(r"[0-9a-f]{32}\.part")
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Stored:
    """A file in the store: its name there, its size in bytes, and its checksum in hexadecimal digits."""

    name: str
    size: int
    sha256: str


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        kind = StoreFull if fault.errno in _FULL else StoreError
        raise kind(f"{type(fault).__name__}: {fault.strerror}") from fault


class DirectoryStore:
    """A directory of packages.

    Args:
        directory: where packages are kept.
        aside: where they are written; used only if it is on the same file system, since renaming must be atomic.
    """

    def __init__(self, directory: Path, aside: Path) -> None:
        self.directory = directory
        self._wanted_aside = aside

    @property
    def aside(self) -> Path:
        """The directory of unfinished files."""
        with _our_errors():
            self.directory.mkdir(parents=True, exist_ok=True)
            self._wanted_aside.mkdir(parents=True, exist_ok=True)
            if self._wanted_aside.stat().st_dev == self.directory.stat().st_dev:
                return self._wanted_aside
            inside = self.directory / ".incoming"
            inside.mkdir(exist_ok=True)
            return inside

    def save(self, chunks: Iterable[bytes], before_publishing: Callable[[], None] = lambda: None) -> Stored:
        """Write ``chunks``, make them safe, then give them their name.

        Args:
            chunks: the archive. What it raises is passed on, and nothing stays behind.
            before_publishing: called when all is written; what it raises stops the publication.

        Raises:
            StoreError, StoreFull: the disk does not play along.
        """
        key = secrets.token_hex(16)
        part, name = self.aside / f"{key}.part", f"{key[:2]}/{key}.zip"
        try:
            size, digest = self._write(part, chunks)
            before_publishing()
            self._publish(part, self.directory / name)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return Stored(name, size, digest)

    def _write(self, part: Path, chunks: Iterable[bytes]) -> tuple[int, str]:
        size, digest = 0, hashlib.sha256()
        with _our_errors():
            file = part.open("xb", buffering=0)
        with file:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                self._write_all(file, chunk)
            with _our_errors():
                os.fsync(file.fileno())
        return size, digest.hexdigest()

    @staticmethod
    def _write_all(file: RawIOBase, chunk: bytes) -> None:
        rest = memoryview(chunk)
        with _our_errors():
            while rest:
                rest = rest[file.write(rest) or 0 :]

    @staticmethod
    def _publish(part: Path, final: Path) -> None:
        with _our_errors():
            final.parent.mkdir(exist_ok=True)
            part.rename(final)
            for directory in (final.parent, final.parent.parent):
                handle = os.open(directory, os.O_RDONLY)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)

    def path(self, name: str) -> Path:
        """Where ``name`` lies. Raises StoreError if that is no name of ours."""
        if not _NAME.fullmatch(name):
            raise StoreError("not a name of the store")
        return self.directory / name

    def open(self, name: str) -> BinaryIO:
        """The file, for reading. Raises StoreError if it is not there."""
        with _our_errors():
            return self.path(name).open("rb")

    def has(self, name: str) -> bool:
        """Whether the file is there."""
        return self.path(name).is_file()

    def delete(self, name: str) -> None:
        """Delete the file; silent if it is gone. A symbolic link is left alone."""
        path = self.path(name)
        if path.is_symlink() or path.parent.is_symlink():
            return
        with _our_errors():
            path.unlink(missing_ok=True)
            with suppress(OSError):
                path.parent.rmdir()

    def sweep(self, older_than: float) -> int:
        """Delete what builds that died left unfinished for ``older_than`` seconds. Returns how many."""
        limit, swept = time.time() - older_than, 0
        for part in self.aside.iterdir():
            ours = _ASIDE.fullmatch(part.name) and not part.is_symlink()
            with suppress(FileNotFoundError):
                if ours and part.stat().st_mtime < limit:
                    part.unlink()
                    swept += 1
        return swept


def default() -> DirectoryStore:
    """The store of this portal."""
    return DirectoryStore(Path(settings.PACKAGER_STORE_DIRECTORY), Path(settings.PACKAGER_TEMP_DIRECTORY))
