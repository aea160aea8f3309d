"""A folder of packages. A name appears in it only when its file is whole and safe on the disk."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from packager.errors import PackageLost, StoreUnavailable
from packager.storage import names
from packager.storage.base import Kept, Stored, nothing
from packager.streaming.disk import our_errors

#: Unfinished files are called by their build, as finished ones are; formerly by 32 digits.
_ASIDE = re.compile(r"[0-9a-f]{32}(-\d+-[0-9a-f]{8})?\.part")


class Part:
    """At most ``length`` bytes of an open file from where it stands. Closes the file.

    A server may send it by sendfile: ``fileno`` is there, and the length is in Content-Length.
    """

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file = file
        self._rest = length
        self.fileno = file.fileno
        self.tell = file.tell
        self.close = file.close

    def read(self, size: int = -1) -> bytes:
        """See ``Reader``."""
        with our_errors():
            data = self._file.read(self._rest if size < 0 else min(size, self._rest))
        self._rest -= len(data)
        return data


class DirectoryStore:
    """A directory of packages. Symbolic links in it are left alone, with what they point to.

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
        with our_errors():
            self.directory.mkdir(parents=True, exist_ok=True)
            self._wanted_aside.mkdir(parents=True, exist_ok=True)
            if self._wanted_aside.stat().st_dev == self.directory.stat().st_dev:
                return self._wanted_aside
            inside = self.directory / ".incoming"
            inside.mkdir(exist_ok=True)
            return inside

    def save(self, name: str, chunks: Iterable[bytes], before_publishing: Callable[[], None] = nothing) -> Stored:
        """See ``Store``."""
        final = self.path(name)
        part = self.aside / f"{final.stem}.part"
        try:
            size, digest = self._write(part, chunks)
            before_publishing()
            self._publish(part, final)
        except BaseException:
            # a disk that has become read-only keeps it; what is to be told is why the build failed
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        return Stored(name, size, digest)

    def _write(self, part: Path, chunks: Iterable[bytes]) -> tuple[int, str]:
        size, digest = 0, hashlib.sha256()
        with our_errors():
            file = part.open("xb", buffering=0)
        with file:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                rest = memoryview(chunk)
                with our_errors():
                    while rest:
                        rest = rest[file.write(rest) or 0 :]
            with our_errors():
                os.fsync(file.fileno())
        return size, digest.hexdigest()

    @staticmethod
    def _publish(part: Path, final: Path) -> None:
        with our_errors():
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
        return self.directory / names.check(name)

    def open(self, name: str, start: int = 0, length: int | None = None) -> Part:
        """See ``Store``."""
        if not self.has(name):
            raise PackageLost
        with our_errors():
            file = self.path(name).open("rb")
            file.seek(start)
            return Part(file, os.fstat(file.fileno()).st_size - start if length is None else length)

    def has(self, name: str) -> bool:
        """See ``Store``."""
        path = self.path(name)
        with our_errors():
            try:
                return stat.S_ISREG(path.stat().st_mode)
            except (FileNotFoundError, NotADirectoryError) as error:
                if self.directory.is_dir():
                    return False
                # where the whole store is gone, nothing can be said of the file
                raise StoreUnavailable(f"{self.directory} is not there") from error

    def delete(self, name: str) -> None:
        """See ``Store``."""
        path = self.path(name)
        if path.is_symlink() or path.parent.is_symlink():
            return
        with our_errors():
            path.unlink(missing_ok=True)
            with suppress(OSError):
                path.parent.rmdir()

    def listing(self) -> Iterator[Kept]:
        """See ``Store``."""
        with our_errors():
            folders = [entry for entry in self.directory.iterdir() if entry.is_dir() and not entry.is_symlink()]
        for folder in folders:
            found = []
            with our_errors():
                for path in folder.glob("*.zip"):
                    name = f"{folder.name}/{path.name}"
                    with suppress(FileNotFoundError):
                        facts = path.lstat()
                        if names.is_name(name) and stat.S_ISREG(facts.st_mode):
                            found.append(Kept(name, facts.st_size, facts.st_mtime))
            yield from found

    def sweep(self, older_than: float) -> int:
        """See ``Store``."""
        limit, swept = time.time() - older_than, 0
        with our_errors():
            for part in self.aside.iterdir():
                ours = _ASIDE.fullmatch(part.name) and not part.is_symlink()
                with suppress(FileNotFoundError):
                    if ours and part.stat().st_mtime < limit:
                        part.unlink()
                        swept += 1
        return swept

    def check(self) -> None:
        """See ``Store``."""
        with our_errors(), tempfile.TemporaryFile(dir=self.aside):
            pass
        if not os.access(self.directory, os.W_OK | os.X_OK):
            raise StoreUnavailable(f"{self.directory} cannot be written")

    def free(self) -> int:
        """See ``Store``."""
        with our_errors():
            return shutil.disk_usage(self.aside).free
