"""Values that exporters spoil, from CKAN's answer through the portal into each format, read back by foreign readers.

What a cell must hold is asked of the stand-in itself: its records, and its dump.
"""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from urllib.request import Request, urlopen

import openpyxl
import pyarrow.parquet
import pytest
from dwca.darwincore.utils import qualname
from dwca.read import DwCAReader
from openpyxl.utils.escape import unescape
from python_calamine import CalamineWorkbook

from demo.catalogue import Resource
from demo.data import HARD_COLUMNS, HARD_TEXTS, hard_rows
from demo.table import Table
from packager.storage import stores
from packager.streaming.formats.xlsx_text import CELL_LIMIT, CUT_MARK

#: PostgreSQL has no NUL, other datastores have.
WORSE = ("a\0b", "\x07 bell", "x" * 40_000, "_x0041_", "]]>", "+1", "-1", "=cmd|'/c calc'!A1", "1.10", "\u2029", "\x85")


@pytest.fixture(scope="module")
def resource(_ckan):
    """The stand-in's awkward rows, and worse ones."""
    extreme = hard_rows()
    worse = [(None, text, text, *extreme[n][3:]) for n, text in enumerate(WORSE)]
    yield _ckan.add(Resource("worse", Table(HARD_COLUMNS, [*extreme, *worse])))
    del _ckan.resources["worse"]


@pytest.fixture
def records(ckan, resource):
    """The rows as CKAN's ``datastore_search`` tells them, numbers exact."""
    body = json.dumps({"resource_id": resource.id, "limit": 1000, "sort": "_id"}).encode()
    with urlopen(Request(ckan.api_url, body, {"Content-Type": "application/json"})) as answer:
        return json.load(answer, parse_float=Decimal)["result"]["records"]


@pytest.fixture
def dumped(ckan, resource):
    """The rows as texts, as CKAN's own dump has them, its header first."""
    return list(csv.reader(io.StringIO(ckan.csv("worse").decode(), newline="")))


@pytest.fixture
def packed(members, resource):
    """The member of a package of these rows in a format."""
    return lambda name: members(resource_id=resource.id, format=name)[f"resource.{name}"]


def test_the_rows_hold_every_value_that_exporters_are_known_to_spoil(records):
    known = {"", "null", "NULL", "\\N", '"', '""', "a,b", "a\tb", "a\nb", "a\r\nb", "a\rb", " lead", "trail ", "=1+1"}
    known |= {"@SUM(A1)", "it's", "\\", "0012", "1e5", "NaN", "é e\u0301", "𝔘𝔫𝔦", "👩‍🔬", "\u200f\u05d0", "\ufeffbom"}
    known |= {"\u2028", "x" * 5000, "<b>&amp;", "%00", "\x01\x1f", "#N/A", "a\0b", "\x07 bell", "x" * 40_000}
    assert known <= {record["text"] for record in records}
    assert len(records) == len(HARD_TEXTS) + len(WORSE)


def test_csv_is_the_dump_byte_for_byte(packed, ckan):
    assert packed("csv") == ckan.csv("worse")


def test_tsv_has_the_same_cells(packed, dumped):
    assert list(csv.reader(io.StringIO(packed("tsv").decode(), newline=""), delimiter="\t")) == dumped


def test_json_lines_are_the_records(packed, records):
    lines = packed("jsonl").decode().removesuffix("\n").split("\n")
    assert [json.loads(line, parse_float=Decimal) for line in lines] == records


def test_parquet_has_the_values_and_their_types(packed, records, dumped):
    table = pyarrow.parquet.read_table(io.BytesIO(packed("parquet")))
    assert table.column_names == [column.name for column in HARD_COLUMNS]
    for column, kind in ((column.name, column.type) for column in HARD_COLUMNS):
        got, want = table[column].to_pylist(), [record[column] for record in records]
        if kind == "numeric":
            assert [value if value is None else Decimal(value) for value in got] == want
        elif kind == "json":
            assert [json.loads(value) if value else None for value in got] == [_plain(value) for value in want]
        elif kind == "float8":
            assert got == [value if value is None else float(value) for value in want]
        elif kind == "timestamp":
            texts = [value if value is None else value.isoformat(timespec="milliseconds") for value in got]
            assert texts == want
        else:
            assert got == want


def _plain(value):
    return json.loads(json.dumps(value, default=float))


def _in_a_cell(kind, value, text):
    """What a cell of a sheet must hold for a value of CKAN's, whose text in the dump is ``text``."""
    if value is None:
        return None
    if kind == "bool":
        return value
    if kind in ("numeric", "float8", "int8", "int"):
        exact = Decimal(repr(float(value))) == value if isinstance(value, Decimal) else abs(value) <= 2**53
        return float(value) if kind == "float8" or exact else text
    return text if len(text) <= CELL_LIMIT else text[: CELL_LIMIT - len(CUT_MARK)] + CUT_MARK


def test_xlsx_has_real_numbers_and_booleans_where_exact_and_text_elsewhere(packed, records, dumped):
    rows = openpyxl.load_workbook(io.BytesIO(packed("xlsx")))["Data"].iter_rows()
    assert [cell.value for cell in next(rows)] == dumped[0]
    for cells, record, texts in zip(rows, records, dumped[1:], strict=True):
        for cell, column, text in zip(cells, HARD_COLUMNS, texts, strict=True):
            want = _in_a_cell(column.type, record[column.name], text)
            got = unescape(cell.value) if isinstance(cell.value, str) else cell.value
            assert (got, type(got) is bool, cell.data_type == "f") == (want, type(want) is bool, False)


def test_a_second_reader_of_xlsx_sees_the_same_rows(packed, records, dumped):
    rows = CalamineWorkbook.from_filelike(io.BytesIO(packed("xlsx"))).get_sheet_by_name("Data").to_python()
    assert rows[0] == dumped[0]
    for row, record, texts in zip(rows[1:], records, dumped[1:], strict=True):
        want = [_in_a_cell(c.type, record[c.name], t) for c, t in zip(HARD_COLUMNS, texts, strict=True)]
        assert row == ["" if value is None else value for value in want]


def test_what_xlsx_had_to_cut_is_said_in_the_package(members, resource):
    readme = members(resource_id=resource.id, format="xlsx")["README.txt"].decode()
    assert "2 cells had more text than a spreadsheet cell can hold" in readme


@pytest.mark.parametrize("dialect", ["csv", "tsv"])
def test_a_darwin_core_archive_has_the_values_in_its_dynamic_properties(made, resource, records, dialect):
    request = made("/package_dwc_archive", resource_id=resource.id, format=dialect)
    with DwCAReader(str(stores.default().path(request.package.stored_as))) as archive:
        rows = list(archive)
    assert [row.id for row in rows] == [str(record["_id"]) for record in records]
    for row, record in zip(rows, records, strict=True):
        found = json.loads(row.data[qualname("dynamicProperties")], parse_float=Decimal)
        del record["_id"]
        assert sorted(map(str, found.values())) == sorted(str(v) for v in record.values() if v is not None)


@pytest.mark.parametrize("dialect", ["csv", "tsv"])
def test_a_term_of_a_darwin_core_archive_has_the_text_of_the_dump(made, ckan, dialect):
    request = made("/package_dwc_archive", format=dialect)
    dump = csv.DictReader(io.StringIO(ckan.csv("small").decode(), newline=""))
    with DwCAReader(str(stores.default().path(request.package.stored_as))) as archive:
        for row, record in zip(archive, dump, strict=True):
            for name in ("catalogNumber", "scientificName", "eventDate", "decimalLatitude", "locality", "recordedBy"):
                assert row.data[qualname(name)] == record[name]
