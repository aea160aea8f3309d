"""A file as a typed table: looked at once from end to end, then read as often as wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from pathlib import Path

from pusher.errors import ArchiveProblem, FileEmpty, TooLarge, TooManyColumns
from pusher.reading import fit
from pusher.reading.cells import CONVERTERS, readings
from pusher.reading.delimited import DelimitedText, open_text
from pusher.reading.figures import Figures
from pusher.reading.header import Header, find_header
from pusher.reading.judge import TYPES, ColumnJudge
from pusher.reading.names import clean, column_names
from pusher.reading.options import BATCH, MOST_COLUMNS, ReadingOptions, Tell, silent
from pusher.reading.unpack import kind_of, unpack
from pusher.reading.workbook import as_text

#: Columns and rows that the log names at most.
MOST_TOLD = 10
#: Nothing that is a table is as wide.
WIDEST = 20_000

Cell = str | None
Rows = list[tuple[Cell, ...]]
#: A column's ``info`` in CKAN's data dictionary.
Info = Mapping[str, str]


@dataclass(frozen=True)
class Column:
    """A column of the DataStore. ``header`` is what stands in the file, ``place`` where (from 0)."""

    name: str
    type: str
    header: str
    place: int
    reading: int = 0
    overridden: bool = False


@dataclass(frozen=True)
class Batch:
    """Rows in the order of the columns, and the numbers that they have in the file (the first row is 1)."""

    rows: Rows
    numbers: Sequence[int]


@dataclass
class Table:
    """The columns, how many rows there are, and the rows. ``excerpt`` says that the file goes on after them."""

    columns: list[Column]
    count: int
    excerpt: bool = False
    _text: DelimitedText | None = None
    _header: int = 0
    _options: ReadingOptions = field(default_factory=ReadingOptions)
    #: Of the rows that were read last.
    figures: list[Figures] = field(default_factory=list)

    def batches(self, size: int = BATCH) -> Iterator[Batch]:
        """The rows, ``size`` at a time: texts as CKAN takes them for the column's type, None for no value."""
        assert self._text
        converters = [_converter(column, self._options.nulls) for column in self.columns]
        self.figures = [Figures(column.name, column.type) for column in self.columns]
        for raw, numbers in _batches(self._text, self._header, size, self.count):
            cells = list(zip_longest(*raw, fillvalue=""))
            nothing = ("",) * len(raw)
            columns = [
                convert(cells[column.place] if column.place < len(cells) else nothing)
                for column, convert in zip(self.columns, converters, strict=True)
            ]
            for figures, column_cells in zip(self.figures, columns, strict=True):
                figures.add(column_cells)
            yield Batch(list(zip(*columns, strict=True)), numbers)


def open_table(
    path: Path,
    directory: Path,
    options: ReadingOptions | None = None,
    dictionary: Mapping[str, Info] | None = None,
    tell: Tell = silent,
    seen: Callable[[int], None] = lambda rows: None,
    cut_off: bool = False,
) -> Table:
    """The table in the file at ``path``, every cell of it looked at. ``directory`` takes what is unpacked.

    ``dictionary`` is CKAN's ``info`` by column; ``seen`` is told how many rows were looked at; ``cut_off`` says that
    the file is the beginning of a larger one.

    Raises:
        FileError: it cannot be read, or is no table.
    """
    options = options or ReadingOptions()
    if cut_off:
        _check_beginning(path)
    found = unpack(path, directory, options.max_bytes, tell)
    if found.kind == "text":
        text = open_text(found.path, options, cut_off=cut_off)
        _tell_text(text, tell)
    else:
        text = as_text(found.path, found.kind, directory / "sheet.csv", tell)
    return _Survey(text, options, dictionary or {}, tell, cut_off).table(seen)


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"


def _check_beginning(path: Path) -> None:
    """The beginning of a text is a table as well, that of an archive or a workbook is nothing. Raises TooLarge."""
    size = path.stat().st_size
    try:
        kind = kind_of(path)
    except ArchiveProblem:
        kind = "zip"
    if kind != "text":
        raise TooLarge("process", size + 1, size)


def _tell_text(text: DelimitedText, tell: Tell) -> None:
    name = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "vertical bar"}[text.delimiter]
    tell("INFO", f"Encoding: {text.encoding.name}. Delimiter: {name}.")


# -------------------------------------------------------------------- the rows


def _batches(
    text: DelimitedText, header: int, size: int, most: int | None = None
) -> Iterator[tuple[list[list[str]], list[int]]]:
    """Rows below the header with their numbers, those without a cell left out, ``most`` in all."""
    numbered = enumerate(text.rows(), 1)
    below = ((number, row) for number, row in numbered if number > header + 1 and any(row))
    filled = islice(below, most)
    while batch := list(islice(filled, size)):
        yield [row for _, row in batch], [number for number, _ in batch]


def _converter(column: Column, nulls: frozenset[str]) -> Callable[[Sequence[str]], list[Cell]]:
    if column.type == "text":
        return lambda cells: [cell or None for cell in cells]
    convert, reading = CONVERTERS[column.reading], column.reading
    if not column.overridden:
        return lambda cells: [None if (s := cell.strip()) in nulls else convert(s) for cell in cells]
    return lambda cells: [
        convert(s) if (s := cell.strip()) not in nulls and readings(s) & reading else None for cell in cells
    ]


# ------------------------------------------------------------------ the survey


class _Survey:
    """Looks at every cell once."""

    def __init__(
        self, text: DelimitedText, options: ReadingOptions, dictionary: Mapping[str, Info], tell: Tell, cut_off: bool
    ) -> None:
        self._text, self._options, self._dictionary, self._tell = text, options, dictionary, tell
        self._cut_off = cut_off
        header = find_header(text.sample())
        if header is None:
            raise FileEmpty
        self._header: Header = header
        self._width = len(header.cells)
        self._judges: list[ColumnJudge] = []
        self._beyond: list[int] = []
        self._beyond_count = 0
        self._fit = fit.RowFit()

    def table(self, seen: Callable[[int], None]) -> Table:
        """Raises FileError."""
        count, limited = 0, self._options.excerpt_rows if self._cut_off else None
        if self._header.titles:
            self._tell("INFO", f"Rows above the header that were left out: {self._header.titles}.")
        for rows, numbers in _batches(self._text, self._header.skipped, BATCH, limited):
            self._look_at(rows, numbers)
            count += len(rows)
            seen(count)
        columns = self._columns(count)
        self._fit.check(len(columns))
        self._tell_all(columns, count)
        return Table(columns, count, self._cut_off, self._text, self._header.skipped, self._options)

    def _look_at(self, rows: list[list[str]], numbers: list[int]) -> None:
        cells = list(zip_longest(*rows, fillvalue=""))
        if len(cells) > WIDEST:
            raise TooManyColumns(columns=len(cells), most=f"{MOST_COLUMNS:,}")
        self._judge_up_to(max(len(cells), self._width))
        for judge, column in zip(self._judges, cells, strict=False):
            judge.add(column, numbers)
        if len(cells) > self._width:
            self._note_beyond(rows, numbers)
        self._fit.add(rows, numbers)

    def _judge_up_to(self, width: int) -> None:
        if len(self._judges) < width:
            names = column_names(self._header.cells, width)
            self._judges += [
                ColumnJudge(self._options, self._override(name)) for name in names[len(self._judges) : width]
            ]

    def _override(self, name: str) -> str:
        wanted = str((self._dictionary.get(name) or {}).get("type_override") or "")
        return wanted if wanted in TYPES else ""

    def _note_beyond(self, rows: list[list[str]], numbers: list[int]) -> None:
        for row, number in zip(rows, numbers, strict=True):
            if len(row) > self._width and any(row[self._width :]):
                self._beyond_count += 1
                if len(self._beyond) < MOST_TOLD:
                    self._beyond.append(number)

    # ----------------------------------------------------------------- the end

    def _columns(self, count: int) -> list[Column]:
        self._judge_up_to(self._width)
        headers = [*self._header.cells, *[""] * (len(self._judges) - self._width)]
        names = column_names(headers, len(headers))
        kept = [
            self._column(place, names[place], header)
            for place, header in enumerate(headers)
            if clean(header) or self._judges[place].any_cell
        ]
        if len(kept) > MOST_COLUMNS:
            raise TooManyColumns(columns=len(kept), most=f"{MOST_COLUMNS:,}")
        return kept

    def _column(self, place: int, name: str, header: str) -> Column:
        override = self._override(name)
        if override == "text":
            return Column(name, "text", header, place, overridden=True)
        verdict = self._judges[place].verdict()
        return Column(name, verdict.type, header, place, verdict.reading, overridden=bool(override))

    def _tell_all(self, columns: list[Column], count: int) -> None:
        if self._beyond:
            rows = ", ".join(f"{row:,}" for row in self._beyond) + (", …" if self._beyond_count > MOST_TOLD else "")
            many = _many(self._beyond_count, "row has", "rows have")
            self._tell("WARNING", f"{many} more cells than the header: {rows}.")
        self._tell_texts(columns)
        for column in columns:
            self._tell_override(column)
        if self._cut_off:
            self._tell("WARNING", f"The file is too large to load whole. Rows loaded: {count:,}.")

    def _tell_texts(self, columns: list[Column]) -> None:
        verdicts = [(c, self._judges[c.place].verdict()) for c in columns if c.type == "text" and not c.overridden]
        told = [f'Column "{column.name}" is text: {verdict.why}.' for column, verdict in verdicts if verdict.why]
        for sentence in told[:MOST_TOLD]:
            self._tell("INFO", sentence)
        if len(told) > MOST_TOLD:
            self._tell("INFO", f"{len(told) - MOST_TOLD} more columns are text for such reasons.")

    def _tell_override(self, column: Column) -> None:
        wanted = str((self._dictionary.get(column.name) or {}).get("type_override") or "")
        judge = self._judges[column.place]
        if wanted and wanted not in TYPES:
            self._tell("WARNING", f'Column "{column.name}": the type override "{wanted}" is not known and ignored.')
        elif column.overridden and column.type != "text" and judge.misfits:
            examples = "; ".join(str(misfit) for misfit in judge.examples)
            what = f"{_many(judge.misfits, 'cell is', 'cells are')} not {column.type} and left empty"
            self._tell("WARNING", f'Column "{column.name}": {what}: {examples}.')
