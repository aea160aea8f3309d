"""What a source of data looks like to the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

from packager.streaming.notes import Note
from packager.streaming.types import Field, Page, Query, Shape


class Table(Protocol):
    """Rows that can be read once, page by page, in a fixed order."""

    @property
    def fields(self) -> Sequence[Field]:
        """The columns, in order. The ``rank`` column that CKAN adds for ``q`` is not among them."""

    @property
    def shape(self) -> Shape:
        """How the pages come."""

    @property
    def expected(self) -> int | None:
        """How many rows will come, as far as can be known before; None where it cannot."""

    @property
    def notes(self) -> Sequence[Note | str]:
        """What could not be known about the completeness (a sentence, where it is no note of the engine's own).

        Complete once the pages are read.
        """

    def pages(self) -> Iterator[Page]:
        """Every row, once.

        After the last page the rows that came are reconciled with what the source says it holds.

        Raises:
            SourceError: what could not be read; ``IncompleteData`` if rows are missing or too many.
        """

    def close(self) -> None:
        """Stop whatever still runs (threads, connections). Safe to call twice."""


class TableSource(Protocol):
    """Where tables come from."""

    def open(self, query: Query, shapes: Sequence[Shape]) -> Table:
        """Ask for rows.

        Args:
            query: what is wanted.
            shapes: how the format would like the pages, best first; the source takes the first one it can give.

        Raises:
            SourceError: the resource cannot be read, or the query was rejected.
        """

    def close(self) -> None:
        """End whatever waits for the source, in any thread: ``open`` too. Safe to call twice."""


class File(Protocol):
    """A file that can be read once."""

    @property
    def name(self) -> str:
        """A safe file name without a path; empty if none could be derived."""

    @property
    def size(self) -> int | None:
        """Bytes, if the server said so."""

    @property
    def notes(self) -> Sequence[Note | str]:
        """The same. Complete once the chunks are read."""

    def chunks(self) -> Iterator[bytes]:
        """The content. Raises SourceError; ``IncompleteData`` if it ends early."""

    def close(self) -> None:
        """Stop reading. Safe to call twice."""


class FileSource(Protocol):
    """Where files come from."""

    def open(self, url: str) -> File:
        """Ask for a file. Raises SourceError."""

    def close(self) -> None:
        """End whatever waits for the source, in any thread: ``open`` too. Safe to call twice."""


@runtime_checkable
class Guarded(Protocol):
    """An optional ability of a source: it stands beside a data portal, which says who may read."""

    def check(self, query: Query) -> None:
        """Raises SourceError unless the data portal allows this query at this moment."""


@runtime_checkable
class Describes(Protocol):
    """An optional ability of a source: to tell what it knows about a resource beyond its rows."""

    def describe(self, resource_id: str) -> Mapping[str, object]:
        """``{"resource": {...}, "dataset": {...}}`` as CKAN's ``resource_show`` and ``package_show`` answer.

        What cannot be read is left out; never raises a SourceError.
        """
