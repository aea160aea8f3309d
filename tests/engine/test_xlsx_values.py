"""What a cell of a workbook holds: numbers where they are exact, text as it was, nothing for a null."""

from __future__ import annotations

import io
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packager.streaming.formats.text import json_text
from packager.streaming.types import Value
from tests.engine import awkward
from tests.engine.fakes import FakeTable
from tests.engine.sheets import by_calamine, by_openpyxl, column, workbook


def expected(value: Value) -> object:
    """What a sheet shows of a value."""
    if isinstance(value, list | dict):
        return json_text(value)
    if isinstance(value, int) and abs(value) > 2**53:
        return str(value)
    if isinstance(value, Decimal):
        return float(value) if Decimal(repr(float(value))) == value else format(value, "f")
    return value


@pytest.mark.parametrize("page_size", [1, 1000])
def test_awkward_values_come_back_as_they_were(page_size: int) -> None:
    content = workbook(FakeTable(awkward.FIELDS, awkward.ROWS, page_size=page_size))
    wanted = [[field.name for field in awkward.FIELDS]] + [[expected(value) for value in row] for row in awkward.ROWS]
    assert by_openpyxl(content) == wanted
    assert by_calamine(content) == [["" if value is None else value for value in row] for row in wanted]


def test_digits_that_a_double_cannot_hold_are_text() -> None:
    values = [2**53, 2**53 + 1, Decimal("0.1"), Decimal("0.10000000000000000001"), Decimal("1e400"), 1.5]
    types = [type(row[0]) for row in by_openpyxl(column("numeric", values))[1:]]
    assert types == [int, str, float, str, str, float]


def test_numbers_and_booleans_are_no_text() -> None:
    cells = [row[0] for row in by_openpyxl(column("float8", [1.5, 7, True, False]))[1:]]
    assert [(type(cell), cell) for cell in cells] == [(float, 1.5), (int, 7), (bool, True), (bool, False)]


@pytest.mark.parametrize("make", [float, Decimal])
def test_what_is_no_number_is_text(make: type) -> None:
    content = column("float8", [make("nan"), make("inf"), make("-inf"), None, make(1)])
    assert [row[0] for row in by_openpyxl(content)] == ["v", "NaN", "Infinity", "-Infinity", None, 1]


def test_a_text_column_holds_text_whatever_came() -> None:
    content = column("text", ["0012", "1e5", 12, Decimal("1E-10"), True])
    assert [row[0] for row in by_openpyxl(content)] == ["v", "0012", "1e5", "12", "0.0000000001", "t"]


def test_json_is_always_json_text() -> None:
    content = column("json", ["a", "", 1, True, None, [Decimal("1.10")]])
    assert [row[0] for row in by_openpyxl(content)] == ["v", '"a"', '""', "1", "true", None, "[1.10]"]


@pytest.mark.parametrize("text", ["=1+1", "#N/A", "@SUM(A1)", "TRUE", "1e5", "2024-02-29"])
def test_text_is_never_taken_for_anything_else(text: str) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(column("text", [text])))["Data"]
    cell = sheet["A2"]
    assert (cell.data_type, cell.value) == ("s", text)


def test_a_null_is_no_cell_and_an_empty_text_is_one() -> None:
    rows = by_openpyxl(workbook(FakeTable(rows=[(1, None), (2, ""), (None, "x")])))
    assert rows[1:] == [[1, None], [2, ""], [None, "x"]]


def test_a_field_name_is_text_as_well() -> None:
    table = FakeTable([awkward.Field("=1+1\r<&>", "text")], [["x"]])
    assert by_calamine(workbook(table)) == [["=1+1\r<&>"], ["x"]]


# Halves of surrogate pairs cannot come out of calamine, whose strings are UTF-8, nor can what XML calls no character.
SPEAKABLE = st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff")
TRICKY = st.sampled_from(
    ["_", "_x", "_x0041", "_x000D_", "\r", "\n", "\x00", "\x1f", "&", "<", "]]>", " ", "x005F_", "😀"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(SPEAKABLE | TRICKY, min_size=1).map("".join), min_size=1))
def test_any_text_comes_back(texts: list[str]) -> None:
    content = column("text", texts)
    assert [row[0] for row in by_openpyxl(content)[1:]] == texts
    assert [row[0] for row in by_calamine(content)[1:]] == texts


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.characters() | TRICKY, min_size=1).map("".join), min_size=1))
def test_even_what_is_no_unicode_leaves_the_sheet_readable(texts: list[str]) -> None:
    assert [row[0] for row in by_openpyxl(column("text", texts))[1:]] == texts
