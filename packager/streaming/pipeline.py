"""From content to archive: one pass, bounded memory.

    build = Build(TableContent(table, format, options), progress=progress)
    for block in build: ...
    build.summary

The build knows neither where the content comes from nor where the archive goes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from packager.errors import FormatError
from packager.streaming.archive import named, zip_chunks
from packager.streaming.formats.base import Format, NeedsFields, Options
from packager.streaming.notes import Note, Notes, as_note, misshapen
from packager.streaming.sources.base import File, Table
from packager.streaming.types import Field, Member, ObjectsPage, Page, Progress, Query, RowsPage, Shape, TextPage

Transform = Callable[[RowsPage], RowsPage]

#: Extensions of content that deflate cannot make smaller.
PACKED = (
    *(".zip", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".zst", ".rar", ".jar"),
    *(".xlsx", ".docx", ".pptx", ".ods", ".odt", ".parquet"),
    *(".jpg", ".jpeg", ".png", ".gif", ".webp", ".mp3", ".mp4", ".mov", ".webm", ".ogg"),
)


@dataclass(frozen=True, slots=True)
class TableContent:
    """The rows of ``table``, written as ``format`` says. ``options`` have passed ``format.check``."""

    table: Table
    format: Format
    options: Options


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file as it is; ``name`` is what the archive calls it."""

    file: File
    name: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What went into the archive.

    ``rows`` is None for a file; ``members`` are names and sizes in bytes before packing; ``notes`` tell what the source
    could not know and what the format had to change. ``sha256`` has the hexadecimal digest of each member, by its name;
    ``data_sha256`` is one of the data alone, the same whenever and under whatever names they are packed.
    """

    rows: int | None
    members: tuple[tuple[str, int], ...]
    fields: tuple[Field, ...]
    notes: tuple[Note, ...]
    sha256: Mapping[str, str] = field(default_factory=dict)
    data_sha256: str = ""


Extras = Callable[[Summary], Iterable[Member]]


def shapes_for(format: Format, options: Options, transform: Transform | None = None) -> Sequence[Shape]:
    """The shapes to open the source with: those that the format likes, or rows alone if they are to be transformed.

    Raises:
        FormatError: rows are to be transformed, and the format cannot take them as values.
    """
    shapes = format.shapes(options)
    if transform is None:
        return shapes
    if Shape.ROWS not in shapes:
        raise FormatError(reason=Note("transform_refused", {"format": format.label}))
    return (Shape.ROWS,)


def query_for(format: Format, query: Query) -> Query:
    """The query to open the source with: a selection of fields gets those that the format cannot do without."""
    needed = format.needed_fields if isinstance(format, NeedsFields) else ()
    missing = tuple(name for name in needed if name not in query.fields)
    return replace(query, fields=(*missing, *query.fields)) if query.fields and missing else query


class Build:
    """One archive on its way. Iterating yields its bytes, once.

    ``extras`` is called after the data members with what is known then, and its members end the archive. ``progress``
    is brought up to date as pages go by. ``transform`` changes each page of rows (the table must have been opened
    with ``shapes_for``). The source is closed when the last byte was handed out, on any error, and by ``close``.

    Raises (while iterating):
        SourceError, FormatError: what source and format raise, unchanged.
    """

    def __init__(
        self,
        content: TableContent | FileContent,
        *,
        extras: Extras | None = None,
        progress: Progress | None = None,
        transform: Transform | None = None,
    ) -> None:
        progress = progress if progress is not None else Progress()
        self._data = (
            _TableData(content, progress, transform)
            if isinstance(content, TableContent)
            else _FileData(content, progress)
        )
        self._extras: Extras = extras or (lambda summary: ())
        self._sizes: list[tuple[str, int]] = []
        self._digests: dict[str, str] = {}
        self._data_digest = hashlib.sha256()
        self._blocks = self._run()

    def __iter__(self) -> Iterator[bytes]:
        return self._blocks

    @property
    def summary(self) -> Summary:
        """What has been written so far; complete when iteration has ended."""
        data = self._data
        digests = dict(self._digests), self._data_digest.hexdigest()
        return Summary(data.rows, tuple(self._sizes), data.fields, data.notes, *digests)

    def close(self) -> None:
        """Stop, and close the source. Safe to call twice, and from the thread that iterates only."""
        self._blocks.close()
        self._data.close()

    def _run(self) -> Generator[bytes, None, None]:
        # extras are asked for when the data is written, and the summary known
        steps: tuple[Callable[[], Iterable[Member]], ...] = (self._data.members, self._extra_members)
        members = named(chain.from_iterable(step() for step in steps))
        try:
            yield from zip_chunks(replace(member, chunks=self._measured(member)) for member in members)
        finally:
            self._data.close()

    def _extra_members(self) -> Iterator[Member]:
        return (replace(member, describes=True) for member in self._extras(self.summary))

    def _measured(self, member: Member) -> Iterator[bytes]:
        size, digest = 0, hashlib.sha256()
        for chunk in member.chunks:
            size += len(chunk)
            digest.update(chunk)
            yield chunk
        self._sizes.append((member.name, size))
        self._digests[member.name] = digest.hexdigest()
        if not member.describes:
            self._data_digest.update(digest.digest())


class _FileData:
    """A file as the only data member."""

    rows = None
    fields = ()

    def __init__(self, content: FileContent, progress: Progress) -> None:
        self._file, self._name, self._progress = content.file, content.name, progress
        progress.total_bytes = content.file.size

    @property
    def notes(self) -> tuple[Note, ...]:
        return tuple(map(as_note, self._file.notes))

    def members(self) -> Iterator[Member]:
        chunks = _counted(self._file.chunks(), self._progress)
        yield Member(self._name, chunks, compress=not self._name.lower().endswith(PACKED))

    def close(self) -> None:
        self._file.close()


class _TableData:
    """The members that a format makes of a table."""

    def __init__(self, content: TableContent, progress: Progress, transform: Transform | None) -> None:
        self._content = content
        self._watched = _Watched(content.table, progress, transform)
        self._format_notes: Notes = []

    @property
    def rows(self) -> int:
        return self._watched.rows_out

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(self._content.table.fields)

    @property
    def notes(self) -> tuple[Note, ...]:
        return tuple(map(as_note, (*self._watched.notes, *self._format_notes)))

    def members(self) -> Iterator[Member]:
        content = self._content
        yield from content.format.members(self._watched, content.options, self._format_notes)
        if not self._watched.finished:
            raise FormatError(reason=Note("rows_left", {"format": content.format.label}))

    def close(self) -> None:
        self._content.table.close()


class _Watched:
    """A table whose pages are counted, and transformed, as they go by."""

    def __init__(self, table: Table, progress: Progress, transform: Transform | None) -> None:
        self._table, self._progress, self._transform = table, progress, transform
        self.rows_in = self.rows_out = 0
        self.finished = False
        progress.total_rows = table.expected

    @property
    def fields(self) -> Sequence[Field]:
        return self._table.fields

    @property
    def shape(self) -> Shape:
        return self._table.shape

    @property
    def expected(self) -> int | None:
        return self._table.expected

    @property
    def notes(self) -> Sequence[Note | str]:
        notes = list(self._table.notes)
        if self.finished and self.rows_out != self.rows_in:
            notes.append(Note("rows_transformed", {"read": self.rows_in, "written": self.rows_out}))
        return notes

    def pages(self) -> Iterator[Page]:
        for page in self._table.pages():
            self.rows_in += page.count
            self._progress.rows += page.count
            # bytes are counted where a page has them; values have none
            if isinstance(page, TextPage):
                page = replace(page, chunks=_counted(page.chunks, self._progress))
            elif isinstance(page, ObjectsPage):
                self._progress.bytes_in += sum(map(len, page.rows))
            if self._transform is not None:
                if not isinstance(page, RowsPage):
                    raise FormatError(reason=misshapen(page))
                page = self._transform(page)
            self.rows_out += page.count
            yield page
        self.finished = True

    def close(self) -> None:
        self._table.close()


def _counted(chunks: Iterable[bytes], progress: Progress) -> Iterator[bytes]:
    for chunk in chunks:
        progress.bytes_in += len(chunk)
        yield chunk
