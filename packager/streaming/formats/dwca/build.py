"""One pass over the rows: the core goes out at once, rows of extensions wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path

from packager.streaming.formats.dwca.definitions import Definition
from packager.streaming.formats.dwca.documents import DataFile
from packager.streaming.formats.dwca.ids import UniqueIds
from packager.streaming.formats.dwca.layout import ExtensionLayout, Layout, Row
from packager.streaming.formats.dwca.lines import Dialect, Lines
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
    lines: Lines
    spool: Spool
    has_rows: bool = False
    unreadable: dict[str, int] = field(default_factory=dict)

    def add(self, id_text: str, row: Row) -> None:
        for source, columns in self.layout.sources:
            rows, unreadable = source.rows(row)
            for cells in rows:
                self.has_rows = True
                line = [id_text] + [""] * len(self.layout.terms)
                for column, cell in zip(columns, cells, strict=True):
                    line[column] = cell
                self.lines.add(line)
                if len(self.lines) >= _BATCH:
                    self.flush()
            if unreadable:
                self.unreadable[source.field_name] = self.unreadable.get(source.field_name, 0) + unreadable

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
            waiting = _Waiting(extension, file, Lines(dialect), Spool(temp_directory))
            waiting.lines.add(self._header(file))
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
        layout, lines, ids = self._layout, Lines(self._dialect), UniqueIds(self._layout.id_field)
        lines.add(self._header(self.core_file))
        try:
            for row in chain.from_iterable(rows_of(page, len(table.fields)) for page in table.pages()):
                id_text = layout.id_cell(row)
                ids.add(row[layout.id_index], id_text)
                lines.add([id_text, *layout.core_row(row)])
                for waiting in self._waiting:
                    waiting.add(id_text, row)
                if len(lines) >= _BATCH:
                    yield lines.take()
            ids.check()
            yield lines.take()
            for waiting in self._waiting:
                waiting.flush()
                notes.extend(waiting.notes())
        except BaseException:
            # The generator that made this member may live on in a traceback; what waits must not.
            self.close()
            raise

    def _header(self, file: DataFile) -> list[str]:
        return [self._layout.id_field, *(term.name for term in file.terms)]
