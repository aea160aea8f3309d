"""XLS, XLSX and ODS: the first sheet with a cell in it, by the library and, where it is large, as a stream."""

import io
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest

from pusher.errors import FileEmpty, TableDamaged
from pusher.reading import workbook

FILES = Path(__file__).parents[1] / "files"
ODS = """<?xml version="1.0" encoding="UTF-8"?><office:document-content
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" office:version="1.2"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet><table:table
 table:name="Data">{}</table:table></office:spreadsheet></office:body></office:document-content>"""


def sheet(rows, *, before=(), title="Data", merge=""):
    """The bytes of an XLSX file; ``before`` are empty sheets."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name in before:
        book.create_sheet(name)
    page = book.create_sheet(title)
    for row in rows:
        page.append(row)
    if merge:
        page.merge_cells(merge)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


AWKWARD = [
    ["name", "count", "seen", "when", "good", "at", "formula"],
    ["x", 7, date(2020, 2, 29), datetime(1969, 7, 20, 20, 17, 40), True, time(12, 30), "=1+1"],
    ["_x0041_ & <b>", 0.1, None, None, False, None, None],
    [None, 12345678901, None, None, None, timedelta(hours=30), "#N/A"],
    ["01067", -1.5, None, None, None, None, None],
]
COLUMNS = ["text", "numeric", "timestamp", "timestamp", "text", "text"]


@pytest.fixture(params=["whole", "stream"])
def both_ways(request, monkeypatch):
    """Small files are read by the library, large ones as a stream: what they give is the same."""
    if request.param == "stream":
        monkeypatch.setattr(workbook, "LARGE_SHEET", 0)
    return request.param


@pytest.mark.usefixtures("both_ways")
def test_values_of_every_kind_become_what_a_person_sees(read):
    found = read(sheet(AWKWARD))
    assert list(found.columns.values())[:6] == COLUMNS
    assert found.rows[0][:6] == ["x", "7", "2020-02-29", "1969-07-20T20:17:40", "TRUE", "12:30:00"]
    assert [row[1] for row in found.rows] == ["7", "0.1", "12345678901", "-1.5"]
    assert found.rows[2][0] is None
    assert found.rows[2][6] is None if len(found.rows[2]) > 6 else True
    assert found.rows[3][0] == "01067"


@pytest.mark.usefixtures("both_ways")
def test_the_first_sheet_with_a_cell_is_loaded_and_the_others_are_named(read):
    found = read(sheet([["a"], [1]], before=["Empty", "Void"]))
    assert found.rows == [["1"]]
    assert ("WARNING", 'Only the sheet "Data" is loaded. Other sheets in the file: "Empty", "Void".') in found.log


@pytest.mark.usefixtures("both_ways")
def test_merged_cells_have_their_text_in_the_first_only(read):
    rows = [["a", "b"], ["both", None], ["x", "y"]]
    assert read(sheet(rows, merge="A2:B2")).rows == [["both", None], ["x", "y"]]


@pytest.mark.usefixtures("both_ways")
def test_rows_without_cells_keep_the_numbers_of_those_below(read):
    found = read(sheet([[], [], ["a", "b"], [], [1, "x"]]))
    assert [list(batch.numbers) for batch in found.table.batches()] == [[5]]


@pytest.mark.usefixtures("both_ways")
def test_a_workbook_without_cells_is_empty(read):
    with pytest.raises(FileEmpty):
        read(sheet([]))


@pytest.mark.usefixtures("both_ways")
def test_a_workbook_that_breaks_off_is_damaged(read):
    content = sheet([["a"], [1]])
    with zipfile.ZipFile(io.BytesIO(content)) as old:
        members = {name: old.read(name) for name in old.namelist()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as new:
        for name, data in members.items():
            new.writestr(name, data[: len(data) // 2] if name.endswith("sheet1.xml") else data)
    with pytest.raises(TableDamaged, match="damaged"):
        read(out.getvalue())


def test_an_old_workbook(read):
    found = read((FILES / "two_sheets.xls").read_bytes())
    assert found.columns == {
        "name": "text",
        "count": "numeric",
        "seen": "timestamp",
        "when": "timestamp",
        "good": "text",
    }
    assert found.rows[0] == ["Ünïcode", "7", "2020-02-29", "2020-01-02T03:04:00", "TRUE"]
    assert found.rows[1][:2] == ["01067", "1.5"]


def ods(rows):
    """The bytes of an ODS file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", ODS.format(rows))
        manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
        archive.writestr("META-INF/manifest.xml", manifest)
    return out.getvalue()


def cell(text, kind="string", value=""):
    given = f' office:value="{value}"' if value else ""
    return f'<table:table-cell office:value-type="{kind}"{given}><text:p>{text}</text:p></table:table-cell>'


def test_an_open_document_with_a_million_repeated_empty_rows(read):
    rows = f"<table:table-row>{cell('a')}{cell('b')}</table:table-row>"
    rows += f"<table:table-row>{cell('1.5', 'float', '1.5')}{cell('x')}</table:table-row>"
    rows += '<table:table-row table:number-rows-repeated="1048574"><table:table-cell/></table:table-row>'
    found = read(ods(rows))
    assert (found.columns, found.rows) == ({"a": "numeric", "b": "text"}, [["1.5", "x"]])
