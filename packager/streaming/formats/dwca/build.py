"""One pass over the rows: the core goes out at once, rows of extensions wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path

from packager.errors import FormatError
from packager.streaming.formats.dwca.definitions import Definition
from packager.streaming.formats.dwca.documents import DataFile
from packager.streaming.formats.dwca.ids import UniqueIds
from packager.streaming.formats.dwca.layout import ExtensionLayout, Layout, Row
from packager.streaming.formats.dwca.lines import Flavour, Lines
from packager.streaming.formats.dwca.spool import Spool
from packager.streaming.notes import Note, Notes, row_width
from packager.streaming.sources.base import Table
from packager.streaming.types import Member, RowsPage

_BATCH = 1000  # rows that are turned into bytes at once


@dataclass(slots=True)
class _Waiting:
    """The rows of one extension."""

    layout: ExtensionLayout
    file: DataFile
    lines: Lines
    spool: Spool
    has_rows: bool = False
    unreadable: dict[str, int] = field(default_factory=dict)

    def add(self, id_text: str, row: Row) -> None:
        for source, columns in self.layout.sources:
            rows, unreadable = source.rows(row)
            for cells in rows:
                self._add_row(id_text, cells, columns)
            if unreadable:
                self.unreadable[source.field_name] = self.unreadable.get(source.field_name, 0) + unreadable

    def _add_row(self, id_text: str, cells: list[str], columns: list[int]) -> None:
        self.has_rows = True
        line = [id_text] + [""] * len(self.layout.terms)
        for column, cell in zip(columns, cells, strict=True):
            line[column] = cell
        self.lines.add(line)
        if len(self.lines) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        if self.has_rows:
            self.spool.write(self.lines.take())

    def notes(self) -> Iterator[Note]:
        for name, number in self.unreadable.items():
            yield Note("items_unreadable", {"field": name, "member": self.file.name, "items": number})


class Build:
    """The data files of one archive.

    Args:
        layout: columns and sources.
        core: the definition of the core.
        flavour: how the files are written.
        temp_directory: where rows wait; None for the system's own place.
    """

    def __init__(self, layout: Layout, core: Definition, flavour: Flavour, temp_directory: Path | None) -> None:
        self._layout = layout
        self._flavour = flavour
        self.core_file = DataFile(f"{core.file_stem}.{flavour.suffix}", core.row_type, layout.core_terms)
        self._waiting = [
            self._make_waiting(extension, name, temp_directory)
            for extension, name in zip(layout.extensions.values(), self._names(), strict=True)
        ]

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
        try:
            yield from self._write_core(table, notes)
        except BaseException:
            # The generator that made this member may live on in a traceback; what waits must not.
            self.close()
            raise

    def _write_core(self, table: Table, notes: Notes) -> Iterator[bytes]:
        lines, ids = Lines(self._flavour), UniqueIds(self._layout.id_field)
        lines.add(self._header(self.core_file))
        for row in _rows(table):
            self._add(row, lines, ids)
            if len(lines) >= _BATCH:
                yield lines.take()
        ids.check()
        yield lines.take()
        for waiting in self._waiting:
            waiting.flush()
            notes.extend(waiting.notes())

    def _add(self, row: Row, lines: Lines, ids: UniqueIds) -> None:
        id_text = self._layout.id_cell(row)
        ids.add(row[self._layout.id_index], id_text)
        lines.add([id_text, *self._layout.core_row(row)])
        for waiting in self._waiting:
            waiting.add(id_text, row)

    def _make_waiting(self, extension: ExtensionLayout, name: str, temp_directory: Path | None) -> _Waiting:
        file = DataFile(name, extension.definition.row_type, extension.terms)
        waiting = _Waiting(extension, file, Lines(self._flavour), Spool(temp_directory))
        waiting.lines.add(self._header(file))
        return waiting

    def _names(self) -> Iterator[str]:
        """File names, none of them twice: row types of different vocabularies can end in the same word."""
        taken = {self.core_file.name}
        for extension in self._layout.extensions.values():
            stem, suffix = extension.definition.file_stem, self._flavour.suffix
            choices = chain((f"{stem}.{suffix}",), (f"{stem}_{number}.{suffix}" for number in count(2)))
            name = next(choice for choice in choices if choice not in taken)
            taken.add(name)
            yield name

    def _header(self, file: DataFile) -> list[str]:
        return [self._layout.id_field, *(term.name for term in file.terms)]


def _rows(table: Table) -> Iterator[Row]:
    width = len(table.fields)
    for page in table.pages():
        if not isinstance(page, RowsPage):
            raise FormatError(reason=Note("rows_misshapen", {"shape": type(page).__name__}))
        for row in page.rows:
            if len(row) != width:
                raise FormatError(reason=row_width(len(row), width))
            yield row
