"""What no longer fits: long text is cut and said so, further rows go to further sheets."""

from __future__ import annotations

import pytest

from packager.errors import FormatError, RequestError, SourceUnreachable
from packager.streaming.formats import xlsx
from packager.streaming.formats.xlsx_cells import column_letters
from packager.streaming.notes import Notes
from packager.streaming.types import Field
from tests.engine.fakes import FIELDS, FakeTable
from tests.engine.sheets import by_calamine, by_openpyxl, column, sheet_names, workbook

HEADER = ["_id", "name"]


def rows(count: int) -> list[tuple[int, str]]:
    return [(number, f"n{number}") for number in range(1, count + 1)]


def sheets_of(count: int, limit: int, page_size: int = 3) -> dict[str, list[list[object]]]:
    content = workbook(FakeTable(FIELDS, rows(count), page_size=page_size), row_limit=limit)
    return {name: by_openpyxl(content, name) for name in sheet_names(content)}


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, [0]), (1, [1]), (8, [8]), (9, [9]), (10, [9, 1]), (18, [9, 9]), (19, [9, 9, 1])]
)
@pytest.mark.parametrize("page_size", [1, 4, 100])
def test_rows_go_on_in_further_sheets(count: int, sizes: list[int], page_size: int) -> None:
    sheets = sheets_of(count, 10, page_size)
    assert list(sheets) == ["Data", "Data 2", "Data 3"][: len(sizes)]
    assert [len(sheet) - 1 for sheet in sheets.values()] == sizes
    assert all(sheet[0] == HEADER for sheet in sheets.values())
    assert [tuple(row) for sheet in sheets.values() for row in sheet[1:]] == rows(count)


def test_further_sheets_are_noted() -> None:
    notes: Notes = []
    workbook(FakeTable(FIELDS, rows(11)), notes, row_limit=10)
    assert len(notes) == 1
    assert "2 in all" in str(notes[0])


def test_a_sheet_that_grows_too_large_is_continued(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "_SHEET_SIZE", 2_000)
    content = workbook(FakeTable(FIELDS, rows(40)))
    names = sheet_names(content)
    assert len(names) > 2
    assert [tuple(row) for name in names for row in by_openpyxl(content, name)[1:]] == rows(40)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("x" * 32_767, 32_767),
        ("x" * 32_768, 32_760),
        ("x" * 40_000, 32_760),
        ("😀" * 16_383, 16_383),
        ("😀" * 16_384, 16_380),
        ("x" + "😀" * 20_000, 16_380),
    ],
)
def test_text_is_cut_at_what_a_cell_holds(text: str, kept: int) -> None:
    (cell,) = by_calamine(column("text", [text]))[1]
    whole = kept == len(text)
    assert cell == text[:kept] + ("" if whole else "… [cut]")
    assert len(cell.encode("utf-16-le")) // 2 <= 32_767


def test_escapes_do_not_count_as_text() -> None:
    text = "\x01" * 32_767
    assert by_calamine(column("text", [text]))[1] == [text]


def test_cut_cells_are_counted_in_a_note() -> None:
    notes: Notes = []
    workbook(FakeTable(FIELDS, [(1, "x" * 40_000), (2, "y" * 100), (3, "z" * 50_000)]), notes)
    assert [str(note) for note in notes] == [
        "resource.xlsx: 2 cells had more text than a spreadsheet cell can hold (32,767 characters) and were shortened; "
        "they end in “… [cut]”. The CSV format has the full text."
    ]


def test_nothing_is_noted_when_nothing_was_changed() -> None:
    notes: Notes = []
    workbook(FakeTable(FIELDS, rows(5)), notes)
    assert notes == []


def test_more_columns_than_a_sheet_has_are_refused() -> None:
    fields = [Field(f"f{number}", "text") for number in range(16_385)]
    with pytest.raises(FormatError, match="16,384"):
        workbook(FakeTable(fields))
    assert len(by_calamine(workbook(FakeTable(fields[:-1])))[0]) == 16_384


def test_a_failing_source_fails_the_workbook() -> None:
    with pytest.raises(SourceUnreachable):
        workbook(FakeTable(FIELDS, rows(5), error=SourceUnreachable()))


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(RequestError) as caught:
        xlsx.Xlsx().check({"delimiter": ";"})
    assert caught.value.field == "delimiter"


def test_columns_have_letters() -> None:
    assert [column_letters(index) for index in (0, 25, 26, 701, 702, 16_383)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]


@pytest.mark.slow
def test_1_200_000_rows_give_two_sheets_and_lose_none() -> None:
    count = 1_200_000
    content = workbook(FakeTable([Field("_id", "int4")], [(number,) for number in range(count)], page_size=32_000))
    first, second = by_calamine(content, "Data"), by_calamine(content, "Data 2")
    assert (len(first), len(second)) == (1_048_576, count - 1_048_575 + 1)
    assert [int(row[0]) for sheet in (first, second) for row in sheet[1:]] == list(range(count))
