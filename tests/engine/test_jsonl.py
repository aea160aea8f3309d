"""JSON Lines say what CKAN's JSON says, digit by digit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal

import pytest

from packager.errors import FormatError, RequestError
from packager.streaming.formats.jsonl import JsonLines
from packager.streaming.types import Field, Shape, Value
from tests.engine import awkward
from tests.engine.fakes import FakeTable


def written(table: FakeTable) -> bytes:
    (member,) = JsonLines().members(table, {}, [])
    assert member.name == "resource.jsonl"
    return b"".join(member.chunks)


def column(type: str, values: Sequence[Value]) -> bytes:
    return written(FakeTable([Field("v", type)], [[value] for value in values]))


def read(content: bytes) -> list[dict[str, object]]:
    lines = content.decode().split("\n")
    assert lines.pop() == ""
    return [json.loads(line, parse_float=Decimal) for line in lines]


@pytest.mark.parametrize("page_size", [1, 7, 1000])
def test_awkward_values_come_back_as_they_were(page_size: int) -> None:
    rows = read(written(FakeTable(awkward.FIELDS, awkward.ROWS, page_size=page_size)))
    names = [field.name for field in awkward.FIELDS]
    assert [list(row) for row in rows] == [names] * len(awkward.ROWS)
    for row, (_, text, whole, double, exact, flag, when, media) in zip(rows, awkward.ROWS, strict=True):
        assert (row["text"], row["whole"], row["flag"], row["when"]) == (text, whole, flag, when)
        assert row["double"] is double or float(row["double"]) == double
        assert (row["exact"], row["media"]) == (exact, media)


def test_objects_pass_as_they_are() -> None:
    table = FakeTable(awkward.FIELDS, awkward.ROWS, shape=Shape.OBJECTS)
    pages = [row for page in table.pages() for row in page.rows]
    assert written(table) == b"".join(row + b"\n" for row in pages)


def test_objects_are_asked_for_first() -> None:
    assert JsonLines().shapes({}) == (Shape.OBJECTS, Shape.ROWS)


def test_numbers_keep_their_digits() -> None:
    digits = "12345678901234567890.1234567890"
    assert column("numeric", [Decimal(digits)]) == b'{"v":%s}\n' % digits.encode()
    assert column("numeric", [Decimal("0.0000000001")]) == b'{"v":0.0000000001}\n'
    assert column("int8", [2**80]) == b'{"v":%d}\n' % 2**80


@pytest.mark.parametrize("make", [float, Decimal])
def test_what_is_no_number_is_text(make: type) -> None:
    content = column("float8", [make("nan"), make("inf"), make("-inf"), make(1)])
    assert [row["v"] for row in read(content)] == ["NaN", "Infinity", "-Infinity", 1]


def test_no_rows_give_an_empty_file() -> None:
    assert written(FakeTable(rows=[])) == b""


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(FormatError, match="surrogate"):
        column("text", ["\ud800"])


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(RequestError) as caught:
        JsonLines().check({"bom": True})
    assert caught.value.field == "bom"
