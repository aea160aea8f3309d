"""CSV and TSV.

The text is that of PostgreSQL's ``COPY ... TO STDOUT csv`` (``CopyAttributeOutCSV`` in its ``copyto.c``), which is what
CKAN's dump gives: ``\\n``, SQL null bare, the empty string ``""``, quotes only around cells that hold the delimiter, a
quote, a line break, or are ``\\.`` in a table of one column.

Where CKAN hands out that very text and nothing in it is to change, it is passed through unread. For another delimiter
or ``excel_safe`` it is taken apart into cells and written anew; rows that come as values are printed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from packager.errors import FormatError, RequestError
from packager.sentences import gettext_noop
from packager.streaming.formats.base import Options
from packager.streaming.formats.options import refuse_unknown
from packager.streaming.formats.text import NUMBER_TYPES, Text, base_type, printers
from packager.streaming.formats.values import rows_of
from packager.streaming.notes import Note, Notes
from packager.streaming.sources.base import Table
from packager.streaming.types import Field, Member, Page, Shape, TextPage

BOM = b"\xef\xbb\xbf"
#: Rows that are written as one chunk.
BATCH = 1000
#: What spreadsheet programs take for the start of a formula (OWASP, "CSV Injection").
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

Row = Sequence[Text]
Line = Callable[[Row], str]


@dataclass(frozen=True, slots=True)
class Delimited:
    """Text with one line a row, cells parted by a delimiter.

    Options: ``bom`` (bool), ``excel_safe`` (bool: text that a spreadsheet program would take for a formula gets an
    apostrophe in front), and for CSV ``delimiter`` (one character).
    """

    name: str
    label: str
    delimiter: str
    shape: Shape
    free_delimiter: bool
    version: int = 1

    @property
    def option_schemas(self) -> Mapping[str, Mapping[str, object]]:
        """See ``DescribesOptions``."""
        free = {"delimiter": {"type": "string", "minLength": 1, "maxLength": 1, "default": self.delimiter}}
        switch = {"type": "boolean", "default": False}
        return {**(free if self.free_delimiter else {}), "bom": switch, "excel_safe": switch}

    def check(self, options: Options) -> Options:
        """Raises RequestError for an unknown option, or a value that is none."""
        defaults = {name: schema["default"] for name, schema in self.option_schemas.items()}
        refuse_unknown(self.name, options, defaults)
        checked = {**defaults, **options}
        delimiter = checked.get("delimiter", self.delimiter)
        fits = isinstance(delimiter, str) and len(delimiter) == 1 and (delimiter == "\t" or delimiter.isprintable())
        if not fits or str(delimiter).isalnum() or delimiter == '"':
            raise RequestError(Note("delimiter_unfit"), field="delimiter")
        for name in ("bom", "excel_safe"):
            if not isinstance(checked[name], bool):
                raise RequestError(Note("option_switch", {"option": name}), field=name)
        return checked

    def shapes(self, options: Options) -> Sequence[Shape]:
        """Text first: even taken apart and put together again it is exact, and faster than values."""
        return (self.shape, Shape.ROWS)

    def members(self, table: Table, options: Options, notes: Notes) -> Iterator[Member]:
        """One member, ``resource.<name>``."""
        yield Member(f"resource.{self.name}", _Writer(self, table, options, notes).chunks())


CSV = Delimited("csv", gettext_noop("CSV (comma separated)"), ",", Shape.CSV, free_delimiter=True)
TSV = Delimited("tsv", gettext_noop("TSV (tab separated)"), "\t", Shape.TSV, free_delimiter=False)


class _Writer:
    """Writes one table."""

    def __init__(self, format: Delimited, table: Table, options: Options, notes: Notes) -> None:
        self._format, self._table, self._options, self._notes = format, table, options, notes
        self._delimiter = options.get("delimiter", format.delimiter)
        self._line = line_of(self._delimiter, single=len(table.fields) == 1)
        self._safe = ExcelSafe(table.fields) if options.get("excel_safe") else None

    def chunks(self) -> Iterator[bytes]:
        if self._options.get("bom"):
            yield BOM
        names: Row = [field.name for field in self._table.fields]
        yield _encoded(self._line(names if self._safe is None else self._safe.header(names)))
        cells = printers(self._table.fields)
        for page in self._table.pages():
            if not isinstance(page, TextPage):
                yield from self._lines(printed(page, cells))
            elif self._delimiter == self._format.delimiter and self._safe is None:
                yield from page.chunks
            else:
                yield from self._lines(parsed(b"".join(page.chunks), self._format.delimiter))
        if self._safe is not None and self._safe.changed:
            self._notes.append(Note("formulas_escaped", {"cells": self._safe.changed}))

    def _lines(self, rows: Iterable[Row]) -> Iterator[bytes]:
        lines = map(self._line, rows if self._safe is None else map(self._safe.row, rows))
        while batch := "".join(islice(lines, BATCH)):
            yield _encoded(batch)


class ExcelSafe:
    """Puts an apostrophe before text that looks like a formula. Numbers stay: ``-5`` is no formula."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._columns = [i for i, field in enumerate(fields) if base_type(field.type) not in NUMBER_TYPES]
        self.changed = 0

    def header(self, names: Row) -> Row:
        """The names of the columns, which are text whatever the columns hold."""
        return [self._safe(name) for name in names]

    def row(self, row: Row) -> Row:
        """The same row, or a changed copy of it."""
        risky = [i for i in self._columns if (row[i] or "").startswith(FORMULA_STARTS)]
        if not risky:
            return row
        copy = list(row)
        for i in risky:
            copy[i] = self._safe(row[i])
        return copy

    def _safe(self, text: Text) -> Text:
        safe = text and defused(text)
        self.changed += safe != text
        return safe


def defused(text: str) -> str:
    """The text, with an apostrophe in front where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def line_of(delimiter: str, *, single: bool = False) -> Line:
    """A function that writes one row as a line. ``single``: the table has one column."""
    special = re.compile(f'["\r\n{re.escape(delimiter)}]').search

    def quoted(text: Text) -> str:
        if text is None:
            return ""
        if text == "" or special(text) or (single and text == "\\."):
            return '"' + text.replace('"', '""') + '"'
        return text

    return lambda row: delimiter.join(map(quoted, row)) + "\n"


def printed(page: Page, cells: Sequence[Callable[[Any], Text]]) -> Iterator[Row]:
    """The rows of a page of values as texts, each value printed by the function of its column. Raises FormatError."""
    for row in rows_of(page, len(cells)):
        yield [cell(value) for cell, value in zip(cells, row, strict=True)]


def parsed(text: bytes, delimiter: str) -> Iterator[Row]:
    """The rows of a text that COPY wrote. Unlike Python's csv reader, it tells null from the empty string.

    Raises:
        FormatError: the text is not of that kind.
    """
    stop = re.escape(delimiter)
    # what is no cell is taken letter by letter, so that the search goes no further; a run is taken whole or not at all
    cell = re.compile(f'(?:"([^"]*+(?:""[^"]*+)*+)"|([^"\r\n{stop}]*+))({stop}|\n)|(?s:.)')
    try:
        decoded, position, row = text.decode(), 0, list[Text]()
    except UnicodeDecodeError as error:
        raise FormatError(reason=Note("text_malformed")) from error
    for match in cell.finditer(decoded):
        quoted, bare, end = match.groups()
        if end is None:
            break
        position = match.end()
        row.append((bare or None) if quoted is None else quoted.replace('""', '"'))
        if end == "\n":
            yield row
            row = []
    if position != len(decoded) or row:
        raise FormatError(reason=Note("text_malformed"))


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise FormatError(reason=Note("surrogate")) from error
