"""What a store of packages looks like to the rest of the portal, wherever it keeps them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Stored:
    """A file in the store: its name there, its size in bytes, and its checksum in hexadecimal digits."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A file as the store lists it: its name, its size in bytes, and when it came (seconds since 1970)."""

    name: str
    size: int
    modified: float


class Reader(Protocol):
    """The bytes of a file, once. One with ``fileno`` and ``tell`` may be sent by the system itself."""

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes, all that are left without; empty at the end. Raises StoreUnavailable."""

    def close(self) -> None:
        """Stop reading. Safe to call twice."""


def nothing() -> None:
    """The default of ``before_publishing``."""


class Store(Protocol):
    """Keeps packages under names of ``storage/names.py``. Any other name raises StoreError.

    A name is visible to ``open``, ``has`` and ``listing``, in every process, only when its file is whole and safe.
    Every method may raise StoreUnavailable: the store cannot be reached, written or read now.
    """

    def save(self, name: str, chunks: Iterable[bytes], before_publishing: Callable[[], None] = nothing) -> Stored:
        """Keep ``chunks`` under ``name``, using no more memory for a large file than for a small one.

        Args:
            name: one that no file has yet.
            chunks: the archive. What it raises is passed on, and nothing stays behind.
            before_publishing: called when all is written; what it raises stops the publication.

        Raises:
            StoreFull: no room is left.
        """

    def open(self, name: str, start: int = 0, length: int | None = None) -> Reader:
        """``length`` bytes of a file from the byte ``start``, or all from there.

        Raises:
            PackageLost: it is not there.
        """

    def has(self, name: str) -> bool:
        """Whether the file is there."""

    def delete(self, name: str) -> None:
        """Delete the file; silent if it is gone."""

    def listing(self) -> Iterator[Kept]:
        """Every file whose name may be one of ours, in no order. What is not ours is left out."""

    def sweep(self, older_than: float) -> int:
        """Delete what builds that died left unfinished for ``older_than`` seconds. Returns how many."""

    def check(self) -> None:
        """Try whether a package could be saved now. Raises StoreUnavailable, with a detail that tells why not."""

    def free(self) -> int | None:
        """The bytes for which there is still room; None where that has no bound or cannot be known."""


@runtime_checkable
class SignsLinks(Protocol):
    """An optional ability of a store: to hand its files out itself, to whoever has a link that it signed."""

    def link(self, name: str, file_name: str, seconds: int) -> str:
        """An address that gives the file for ``seconds`` from now, to be saved as ``file_name``."""
