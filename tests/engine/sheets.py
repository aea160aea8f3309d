"""Reads workbooks with two readers that are not ours."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import openpyxl
from openpyxl.utils.escape import unescape
from python_calamine import CalamineWorkbook

from packager.streaming.formats.xlsx import Xlsx
from packager.streaming.notes import Notes
from packager.streaming.types import Field, Value
from tests.engine.fakes import FakeTable


def workbook(table: FakeTable, notes: Notes | None = None, row_limit: int = 1_048_576) -> bytes:
    """The workbook that is made of a table."""
    (member,) = Xlsx(row_limit).members(table, {}, [] if notes is None else notes)
    assert (member.name, member.compress) == ("resource.xlsx", False)
    return b"".join(member.chunks)


def column(type: str, values: Sequence[Value]) -> bytes:
    """A workbook with one column, called v."""
    return workbook(FakeTable([Field("v", type)], [[value] for value in values]))


def by_openpyxl(content: bytes, sheet: str = "Data") -> list[list[Any]]:
    """The rows of a sheet, header included. openpyxl leaves the escapes of SpreadsheetML to its caller."""
    rows = openpyxl.load_workbook(io.BytesIO(content))[sheet].iter_rows(values_only=True)
    return [[unescape(value) if isinstance(value, str) else value for value in row] for row in rows]


def by_calamine(content: bytes, sheet: str = "Data") -> list[list[Any]]:
    """The rows of a sheet, header included. calamine has an empty string where there is no cell."""
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name(sheet).to_python()


def sheet_names(content: bytes) -> list[str]:
    """The names of the sheets, in order."""
    return openpyxl.load_workbook(io.BytesIO(content), read_only=True).sheetnames
