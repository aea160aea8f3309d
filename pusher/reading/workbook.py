"""Spreadsheets: the first sheet with anything in it becomes delimited text, in UTF-8, row by row.

python-calamine holds a whole sheet in memory (measured: 700 MiB for 500,000 rows of 15 cells), so that a large XLSX is
read by ``xlsx`` instead, as a stream.
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError
from zipfile import BadZipFile, ZipFile

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from pusher.errors import FileEmpty, TableDamaged
from pusher.reading import xlsx
from pusher.reading.delimited import DelimitedText
from pusher.reading.encoding import Encoding
from pusher.reading.options import Tell

#: Bytes of a sheet's XML from which on it is read as a stream.
LARGE_SHEET = 50 << 20
#: Rows without a cell that are kept, so that row numbers stay those of the sheet.
MOST_EMPTY = 10_000


def as_text(path: Path, kind: str, target: Path, tell: Tell) -> DelimitedText:
    """The first sheet of the workbook with a cell in it, written to ``target``.

    Raises:
        FileEmpty: no sheet has one.
        TableDamaged: it cannot be read, or is encrypted.
    """
    try:
        large = kind == "xlsx" and _largest_member(path) > LARGE_SHEET
        return _first_with_cells(xlsx.sheets(path) if large else _by_calamine(path), target, tell)
    except PasswordError:
        raise TableDamaged("The spreadsheet is encrypted; publish it without a password") from None
    except (CalamineError, BadZipFile, ExpatError, LookupError, ValueError, EOFError, OSError, zlib.error):
        raise TableDamaged("The spreadsheet is damaged and cannot be read") from None


def _largest_member(path: Path) -> int:
    with ZipFile(path) as archive:
        return max((member.file_size for member in archive.infolist()), default=0)


Sheets = Iterable[tuple[str, Iterator[list[str]]]]


def _first_with_cells(sheets: Sheets, target: Path, tell: Tell) -> DelimitedText:
    names, found = [], ""
    for name, rows in sheets:
        names.append(name)
        if not found and _write(rows, target):
            found = name
    if not found:
        raise FileEmpty
    others = ", ".join(f'"{name}"' for name in names if name != found)
    if others:
        tell("WARNING", f'Only the sheet "{found}" is loaded. Other sheets in the file: {others}.')
    return DelimitedText(target, Encoding("utf-8", has_nul=False))


def _write(rows: Iterator[list[str]], target: Path) -> bool:
    """Whether there was a cell. Rows without one are kept as empty ones, but for those at the end."""
    empty, any_cell = 0, False
    with target.open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file)
        for row in rows:
            if not any(row):
                empty += 1
                continue
            file.write("\r\n" * min(empty, MOST_EMPTY))
            writer.writerow(cell.replace("\0", "") for cell in row)
            empty, any_cell = 0, True
    return any_cell


# ------------------------------------------------------------------- calamine


def _by_calamine(path: Path) -> Iterator[tuple[str, Iterator[list[str]]]]:
    workbook = CalamineWorkbook.from_path(str(path))
    for name in workbook.sheet_names:
        yield name, _rows(workbook.get_sheet_by_name(name))


def _rows(sheet: Any) -> Iterator[list[str]]:
    for row in sheet.iter_rows():
        yield [_text(value) for value in row]


def _text(value: object) -> str:
    if isinstance(value, str):
        return "" if value in xlsx.ERRORS else value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return xlsx.number_text(value)
    if isinstance(value, datetime):
        return xlsx.moment_text(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return xlsx.duration_text(value) if isinstance(value, timedelta) else str(value)
