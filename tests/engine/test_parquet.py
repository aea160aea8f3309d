"""Parquet has the types of CKAN's fields and loses nothing."""

from __future__ import annotations

import io
import math
import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal

import pyarrow
import pytest
from pyarrow import parquet

from packager.errors import FormatError, RequestError, SourceUnreachable
from packager.streaming.formats import parquet_writer, registry
from packager.streaming.formats.parquet import Parquet, is_available
from packager.streaming.formats.text import json_text
from packager.streaming.types import Field, Page, Shape, TextPage, Value
from tests.engine import awkward
from tests.engine.fakes import FIELDS, FakeTable


def written(table: FakeTable) -> bytes:
    (member,) = Parquet().members(table, {}, [])
    assert (member.name, member.compress) == ("resource.parquet", False)
    return b"".join(member.chunks)


def read(table: FakeTable) -> pyarrow.Table:
    return parquet.read_table(io.BytesIO(written(table)))


def column(type: str, values: Sequence[Value]) -> list[object]:
    """What comes back of a column, which must be the same of values as of CKAN's CSV."""
    rows = [[value] for value in values]
    of_values, of_text = (
        read(FakeTable([Field("v", type)], rows, shape=shape))["v"].to_pylist() for shape in (Shape.ROWS, Shape.CSV)
    )
    assert repr(of_values) == repr(of_text)  # NaN is not equal to itself
    return of_values


def expected(field: Field, value: Value) -> object:
    if value is None:
        return None
    if field.type == "timestamp":
        return datetime.fromisoformat(str(value))
    if field.type == "json":
        return json_text(value)
    return format(value, "f") if isinstance(value, Decimal) else value


@pytest.mark.parametrize("shape", [Shape.ROWS, Shape.CSV])
@pytest.mark.parametrize("page_size", [1, 7, 1000])
def test_awkward_values_come_back_as_they_were(page_size: int, shape: Shape) -> None:
    rows = read(FakeTable(awkward.FIELDS, awkward.ROWS, page_size=page_size, shape=shape)).to_pylist()
    assert [list(row.values()) for row in rows] == [
        [expected(field, value) for field, value in zip(awkward.FIELDS, row, strict=True)] for row in awkward.ROWS
    ]


@pytest.mark.parametrize(
    ("ckan", "arrow"),
    [
        ("text", "string"),
        ("int", "int32"),
        ("int4", "int32"),
        ("int8", "int64"),
        ("smallint", "int16"),
        ("float8", "double"),
        ("numeric", "string"),
        ("numeric(10,2)", "string"),
        ("bool", "bool"),
        ("json", "string"),
        ("timestamp", "timestamp[us]"),
        ("timestamptz", "string"),
        ("timestamp with time zone", "string"),
        ("date", "date32[day]"),
        ("time", "string"),
        ("_text", "string"),
        ("int4[]", "string"),
        ("geometry", "string"),
    ],
)
def test_columns_have_the_types_of_the_fields(ckan: str, arrow: str) -> None:
    assert str(read(FakeTable([Field("v", ckan)])).schema.field("v").type) == arrow


def test_dates_and_times_keep_what_they_say() -> None:
    assert column("date", ["2024-02-29", None]) == [date(2024, 2, 29), None]
    assert column("timestamp", ["0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"]) == [
        datetime(1, 1, 1),
        datetime(9999, 12, 31, 23, 59, 59, 999999),
    ]
    assert column("timestamptz", ["2024-01-01T21:34:05+00:00"]) == ["2024-01-01 21:34:05+00"]


def test_arrays_are_json_text() -> None:
    assert column("_text", [["a", None, 'b"']]) == ['["a",null,"b\\""]']


def test_json_is_always_json_text() -> None:
    assert column("json", ["a", "", 1, True, None, [Decimal("1.10")]]) == ['"a"', '""', "1", "true", None, "[1.10]"]


def test_what_is_no_number_stays_so_in_a_double() -> None:
    nan, *others = column("float8", ["NaN", "Infinity", float("-inf"), 1])
    assert isinstance(nan, float)
    assert math.isnan(nan)
    assert others == [math.inf, -math.inf, 1.0]


@pytest.mark.parametrize(
    ("type", "fits", "does_not"),
    [
        ("int4", 1, 2**31),
        ("int4", 1, 1.5),
        ("int4", 1, True),
        ("int8", 1, 2**63),
        ("int8", 1, "1"),
        ("float8", 1.0, "one"),
        ("float8", 1.0, True),
        ("float8", 1, 2**53 + 1),
        ("bool", True, 1),
        ("timestamp", "2024-02-29T00:00:00", "infinity"),
        ("timestamp", "2024-02-29T00:00:00", "12024-01-01T00:00:00"),
        ("timestamp", "2024-02-29T00:00:00", "0044-03-15T00:00:00 BC"),
        ("timestamp", "2024-02-29T00:00:00", "2024-02-29T00:00:00.1234567"),
        ("timestamp", "2024-02-29T00:00:00", 7),
        ("date", "2024-02-29", "2024-02-29T10:00:00"),
        ("text", "a", "\ud800"),
    ],
)
@pytest.mark.parametrize("page_size", [2, 100])
def test_a_value_that_does_not_fit_names_row_and_field(type: str, fits: Value, does_not: Value, page_size: int) -> None:
    rows = [[fits], [None], [fits], [does_not], [fits]]
    with pytest.raises(FormatError, match=r"row 4, field 'odd'"):
        written(FakeTable([Field("odd", type)], rows, page_size=page_size))


@pytest.mark.parametrize(
    ("type", "fits", "does_not"),
    [
        ("int4", "1", "2147483648"),
        ("int4", "1", "1.5"),
        ("int8", "1", str(2**63)),
        ("float8", "1.0", "one"),
        ("float8", "1.0", 'o"n"e,\n'),
        ("bool", "t", "true"),
        ("timestamp", "2024-02-29T00:00:00.000", "infinity"),
        ("timestamp", "2024-02-29T00:00:00.000", "0044-03-15T00:00:00.000 BC"),
        ("date", "2024-02-29", "2024-02-29T10:00:00"),
    ],
)
@pytest.mark.parametrize("page_size", [2, 100])
@pytest.mark.parametrize("piece", [1, 1 << 20])
def test_a_text_that_does_not_fit_names_row_and_field(
    type: str, fits: str, does_not: str, page_size: int, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_writer, "PIECE_BYTES", piece)
    rows = [['a"\n', fits], ["", None], [None, fits], ["b", does_not], ["c", fits]]
    fields = [Field("name", "text"), Field("odd", type)]
    with pytest.raises(FormatError, match=r"row 4, field 'odd'"):
        written(FakeTable(fields, rows, page_size=page_size, shape=Shape.CSV))


@pytest.mark.parametrize("text", [b"1,a\n2\n", b"1,a\n", b"1,a\n2,b\n3,c\n", b'1,a\n2,"b\n', b"1,a\n2,\xff\n"])
def test_text_that_is_not_what_was_counted_is_an_error(text: bytes) -> None:
    class Spoilt(FakeTable):
        def pages(self) -> Iterator[Page]:
            yield TextPage(2, [text])

    with pytest.raises(FormatError, match="not well-formed"):
        written(Spoilt(FIELDS, shape=Shape.CSV))


def test_the_data_dictionary_is_metadata_of_the_columns() -> None:
    info = {"label": "Käfer", "notes": "Länge in mm", "order": 3, "empty": ""}
    metadata = read(FakeTable([Field("v", "text", info)])).schema.field("v").metadata
    said = {key.decode(): value.decode() for key, value in metadata.items()}
    assert said == {"ckan_type": "text", "label": "Käfer", "notes": "Länge in mm", "order": "3"}


def test_small_pages_share_row_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_writer, "GROUP_ROWS", 10)
    table = FakeTable(FIELDS, [(number, "x") for number in range(35)], page_size=3)
    pieces = [chunk for member in Parquet().members(table, {}, []) for chunk in member.chunks]
    file = parquet.ParquetFile(io.BytesIO(b"".join(pieces)))
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [12, 12, 11]
    assert len(pieces) == 4


def test_no_rows_give_the_columns_alone() -> None:
    table = read(FakeTable(FIELDS))
    assert (table.num_rows, table.column_names) == (0, ["_id", "name"])


def test_a_failing_source_fails_the_file() -> None:
    with pytest.raises(SourceUnreachable):
        written(FakeTable(FIELDS, [(1, "a")], error=SourceUnreachable()))


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(RequestError) as caught:
        Parquet().check({"compression": "gzip"})
    assert caught.value.field == "compression"


def test_without_pyarrow_there_is_no_parquet(monkeypatch: pytest.MonkeyPatch) -> None:
    for installed in (True, False):
        if not installed:
            monkeypatch.setitem(sys.modules, "pyarrow", None)
        is_available.cache_clear()  # asked once in a process
        assert ("parquet" in registry.Formats(registry.builtin()).names()) == installed
    is_available.cache_clear()
