"""A column printed at once has the texts that its values have one by one."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.streaming.formats.text import printer, readable_column, readable_json
from packager.streaming.formats.values import cell_texter

NUMBERS = st.integers() | st.floats() | st.decimals(allow_nan=False, allow_infinity=False, places=3)
TEXTS = st.text() | st.sampled_from(["", "NaN", "null", "\ud83d", "2024-01-01T21:34:05+00:00", '"', "\\"])
VALUES = st.none() | st.booleans() | NUMBERS | TEXTS | st.lists(st.integers()) | st.dictionaries(TEXTS, TEXTS)
#: Columns of one kind take shorter ways than mixed ones.
COLUMNS = (
    st.lists(VALUES)
    | st.lists(TEXTS)
    | st.lists(st.none() | TEXTS)
    | st.lists(st.integers())
    | st.lists(st.floats())
    | st.lists(st.booleans())
    | st.lists(st.just(Decimal("1.50")))
    | st.lists(st.none())
)


@given(
    type=st.sampled_from(["text", "int4", "float8", "float4", "numeric", "bool", "json", "_text", "timestamptz"]),
    values=COLUMNS,
)
def test_cells_of_a_column(type, values):
    one = printer(type)
    assert list(cell_texter(type)(values)) == ["" if value is None else one(value) or "" for value in values]


@given(COLUMNS)
def test_json_of_a_column(values):
    assert readable_column(values) == ["" if value is None else readable_json(value) for value in values]


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (1.0, "1"), (float("nan"), '"NaN"'), ("\ud83d", '"\\ud83d"')]
)
def test_json_of_single_values(value, text):
    assert readable_column([value]) == [text]
