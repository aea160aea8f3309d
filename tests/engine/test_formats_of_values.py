"""What holds for every format that is made of values."""

from __future__ import annotations

import random

import pytest

from packager.errors import FormatError
from packager.streaming.formats import parquet_writer
from packager.streaming.formats.base import Format
from packager.streaming.formats.jsonl import JsonLines
from packager.streaming.formats.parquet import Parquet
from packager.streaming.formats.xlsx import Xlsx
from packager.streaming.types import Shape
from tests.engine.fakes import FIELDS, FakeTable

FORMATS = [JsonLines(), Xlsx(), Parquet()]


def write(format: Format, table: FakeTable) -> None:
    for member in format.members(table, {}, []):
        for _ in member.chunks:
            pass


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
@pytest.mark.parametrize("odd", [(1,), (1, "a", "b")])
def test_a_row_that_is_too_long_or_short_is_an_error(format: Format, odd: tuple[object, ...]) -> None:
    with pytest.raises(FormatError, match=f"{len(odd)} values? for 2 columns"):
        write(format, FakeTable(FIELDS, [(1, "a"), odd]))


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
def test_a_page_of_another_shape_is_an_error(format: Format) -> None:
    shape = next(shape for shape in (Shape.CSV, Shape.OBJECTS) if shape not in format.shapes({}))
    with pytest.raises(FormatError, match=r"TextPage|ObjectsPage"):
        write(format, FakeTable(FIELDS, [(1, "a")], shape=shape))


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
def test_bytes_leave_while_pages_are_still_to_be_read(format: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_writer, "GROUP_ROWS", 10)
    chance = random.Random(1)
    table = FakeTable(FIELDS, [(number, chance.randbytes(10_000).hex()) for number in range(200)])
    (member,) = format.members(table, {}, [])
    read = [table.pages_read for _ in member.chunks]
    assert read[0] < 50
    assert read[-1] == 100
    assert len(set(read)) > 3
