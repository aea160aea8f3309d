"""XLSX: a workbook, written row by row in one pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from packager.errors import FormatError
from packager.sentences import gettext_noop
from packager.streaming.formats.base import Options
from packager.streaming.formats.opc import PART_LIMIT, Part, package
from packager.streaming.formats.options import WithoutOptions
from packager.streaming.formats.values import rows_of
from packager.streaming.formats.xlsx_cells import RowWriter
from packager.streaming.formats.xlsx_parts import SHEET_HEAD, SHEET_TAIL, closing_parts, opening_parts, sheet_path
from packager.streaming.formats.xlsx_text import CELL_LIMIT, CUT_MARK
from packager.streaming.notes import Note, Notes
from packager.streaming.sources.base import Table
from packager.streaming.types import Member, Shape, Value

#: Rows, header included, and columns of a sheet (Excel specifications and limits, support.microsoft.com).
ROW_LIMIT = 1_048_576
COLUMN_LIMIT = 16_384

MEMBER = "resource.xlsx"
_SHEET = "Data"
#: Cells turned into XML at a time: enough to be fast, few enough to stay small.
_BATCH_CELLS = 4_096
#: Bytes of XML after which a sheet takes no further batch, so that it stays below PART_LIMIT.
_SHEET_SIZE = PART_LIMIT - (1 << 30)

Rows = Sequence[Sequence[Value]]


class Xlsx(WithoutOptions):
    """One sheet ``Data``, continued in ``Data 2`` and so on where the rows of one sheet do not suffice.

    ``row_limit`` counts the rows of a sheet, its header included.
    """

    name = "xlsx"
    label = gettext_noop("Excel (XLSX)")
    version = 2

    def __init__(self, row_limit: int = ROW_LIMIT) -> None:
        self._row_limit = row_limit

    def shapes(self, options: Options) -> Sequence[Shape]:
        """Values: their types decide what becomes a number."""
        return (Shape.ROWS,)

    def members(self, table: Table, options: Options, notes: Notes) -> Iterator[Member]:
        """One member, ``resource.xlsx``. ``notes`` says how many cells were cut and how many sheets there are.

        Raises:
            FormatError: more columns than a sheet has, or more data than a workbook can hold.
        """
        if len(table.fields) > COLUMN_LIMIT:
            raise FormatError(reason=Note("columns_too_many", {"most": COLUMN_LIMIT, "columns": len(table.fields)}))
        yield Member(MEMBER, package(_Workbook(table, self._row_limit, notes).parts()), compress=False)


class _Workbook:
    """Deals the rows of a table out to sheets."""

    def __init__(self, table: Table, row_limit: int, notes: Notes) -> None:
        self._rows = RowWriter(table.fields)
        self._head = f"{SHEET_HEAD}{self._rows.header()}".encode()
        self._row_limit = row_limit
        self._notes = notes
        self._batches = _batches(table)
        self._batch: Rows = ()

    def parts(self) -> Iterator[Part]:
        """Every part of the workbook, in order. The notes are complete after the last one."""
        yield from opening_parts()
        names: list[str] = []
        while self._fetch() or not names:
            names.append(f"{_SHEET} {len(names) + 1}" if names else _SHEET)
            yield Part(sheet_path(len(names)), self._sheet())
        yield from closing_parts(names)
        if cut := self._rows.cut:
            params = {"member": MEMBER, "cells": cut, "limit": CELL_LIMIT, "mark": CUT_MARK}
            self._notes.append(Note("cells_cut", params))
        if len(names) > 1:
            self._notes.append(Note("sheets_continued", {"member": MEMBER, "sheets": len(names)}))

    def _sheet(self) -> Iterator[bytes]:
        """A sheet with as many of the rows as it can take."""
        yield self._head
        next_row, size = 2, len(self._head)
        while next_row <= self._row_limit and size < _SHEET_SIZE and self._fetch():
            room = self._row_limit - next_row + 1
            rows, self._batch = self._batch[:room], self._batch[room:]
            xml = self._rows.rows(rows, next_row).encode()
            next_row, size = next_row + len(rows), size + len(xml)
            yield xml
        yield SHEET_TAIL

    def _fetch(self) -> bool:
        """Whether there are rows left to take."""
        if not self._batch:
            self._batch = next(self._batches, ())
        return bool(self._batch)


def _batches(table: Table) -> Iterator[Rows]:
    size = max(1, _BATCH_CELLS // max(1, len(table.fields)))
    for page in table.pages():
        rows = rows_of(page, len(table.fields))
        for start in range(0, len(rows), size):
            yield rows[start : start + size]
