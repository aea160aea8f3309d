"""One pass over the rows: the core goes out at once, rows of extensions wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path

from packager.streaming.formats.dwca.definitions import Definition
from packager.streaming.formats.dwca.documents import DataFile
from packager.streaming.formats.dwca.ids import UniqueIds
from packager.streaming.formats.dwca.layout import Columns, ExtensionLayout, Found, Layout
from packager.streaming.formats.dwca.lines import Dialect, encoded
from packager.streaming.formats.dwca.spool import Spool
from packager.streaming.formats.values import rows_of
from packager.streaming.notes import Note, Notes
from packager.streaming.sources.base import Table
from packager.streaming.types import Member

_BATCH = 1000  # rows that are turned into bytes at once


@dataclass(slots=True)
class _Waiting:
    """The rows of one extension."""

    layout: ExtensionLayout
    file: DataFile
    dialect: Dialect
    spool: Spool
    has_rows: bool = False
    rows: list[Sequence[str]] = field(default_factory=list)
    unreadable: dict[str, int] = field(default_factory=dict)

    def add(self, ids: Sequence[str], columns: Columns) -> None:
        """The rows that some rows of the data give, in their order."""
        sources = [source.rows(columns) for source, _ in self.layout.sources]
        for (source, _), (_, unreadable) in zip(self.layout.sources, sources, strict=True):
            if unreadable:
                self.unreadable[source.field_name] = self.unreadable.get(source.field_name, 0) + unreadable
        for id_text, *found in zip(ids, *(rows for rows, _ in sources), strict=True):
            if any(found):
                self._add_row(id_text, found)

    def _add_row(self, id_text: str, found: Sequence[Found]) -> None:
        for (_, places), rows in zip(self.layout.sources, found, strict=True):
            self.rows += [self._line(id_text, places, cells) for cells in rows]
        self.has_rows = True
        if len(self.rows) >= _BATCH:
            self.flush()

    def _line(self, id_text: str, places: Sequence[int], cells: Sequence[str]) -> Sequence[str]:
        if len(self.layout.sources) == 1:
            return id_text, *cells
        line = [id_text] + [""] * len(self.layout.terms)
        for place, cell in zip(places, cells, strict=True):
            line[place] = cell
        return line

    def flush(self) -> None:
        """Put what has come into the spool."""
        if self.has_rows and self.rows:
            self.spool.write(encoded(self.dialect, zip(*self.rows, strict=True)))
            self.rows.clear()

    def notes(self) -> Iterator[Note]:
        for name, number in self.unreadable.items():
            yield Note("items_unreadable", {"field": name, "member": self.file.name, "items": number})


class Build:
    """The data files of one archive.

    Args:
        layout: columns and sources.
        core: the definition of the core.
        dialect: how the files are written.
        temp_directory: where rows wait; None for the system's own place.
    """

    def __init__(self, layout: Layout, core: Definition, dialect: Dialect, temp_directory: Path | None) -> None:
        self._layout = layout
        self._dialect = dialect
        self.core_file = DataFile(f"{core.file_stem}.{dialect.suffix}", core.row_type, layout.core_terms)
        self._waiting: list[_Waiting] = []
        taken = {self.core_file.name}
        for extension in layout.extensions.values():
            # row types of different vocabularies can end in the same word
            stem, suffix = extension.definition.file_stem, dialect.suffix
            choices = chain((f"{stem}.{suffix}",), (f"{stem}_{number}.{suffix}" for number in count(2)))
            name = next(choice for choice in choices if choice not in taken)
            taken.add(name)
            file = DataFile(name, extension.definition.row_type, extension.terms)
            waiting = _Waiting(extension, file, dialect, Spool(temp_directory))
            waiting.rows.append(self._header(file))
            self._waiting.append(waiting)

    @property
    def filled(self) -> list[DataFile]:
        """The files of the extensions that have rows; complete once the core has been read."""
        return [waiting.file for waiting in self._waiting if waiting.has_rows]

    def core_member(self, table: Table, notes: Notes) -> Member:
        """The core. Reading it reads the table and fills the extensions."""
        return Member(self.core_file.name, self._core_chunks(table, notes))

    def extension_members(self) -> Iterator[Member]:
        """The extensions that have rows. To be asked for after the core has been read."""
        for waiting in self._waiting:
            if waiting.has_rows:
                yield Member(waiting.file.name, waiting.spool.chunks())

    def close(self) -> None:
        """Delete what waits. Safe to call twice."""
        for waiting in self._waiting:
            waiting.spool.close()

    def _core_chunks(self, table: Table, notes: Notes) -> Iterator[bytes]:
        layout, ids = self._layout, UniqueIds(self._layout.id_field)
        try:
            yield encoded(self._dialect, ([name] for name in self._header(self.core_file)))
            for columns in _batches(table):
                texts = layout.id_cells(columns)
                ids.add(columns[layout.id_index], texts)
                yield encoded(self._dialect, (texts, *layout.core(columns)))
                for waiting in self._waiting:
                    waiting.add(texts, columns)
            ids.check()
            for waiting in self._waiting:
                waiting.flush()
                notes.extend(waiting.notes())
        except BaseException:
            # The generator that made this member may live on in a traceback; what waits must not.
            self.close()
            raise

    def _header(self, file: DataFile) -> list[str]:
        return [self._layout.id_field, *(term.name for term in file.terms)]


def _batches(table: Table) -> Iterator[Columns]:
    """The rows of a table, some at a time, column by column."""
    for page in table.pages():
        rows = rows_of(page, len(table.fields))
        for start in range(0, len(rows), _BATCH):
            yield tuple(zip(*rows[start : start + _BATCH], strict=True))
