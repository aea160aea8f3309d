"""Cells that come as values are printed as PostgreSQL prints them. The expected texts are its own (version 15)."""

from decimal import Decimal

import pytest

from packager.streaming.formats.text import printer


@pytest.mark.parametrize(
    ("type", "value", "text"),
    [
        ("text", None, None),
        ("text", "", ""),
        ("text", "null", "null"),
        ("bool", True, "t"),
        ("bool", False, "f"),
        ("int4", -2147483648, "-2147483648"),
        ("int8", 9223372036854775807, "9223372036854775807"),
        ("numeric", Decimal("12345678901234567890.123456789"), "12345678901234567890.123456789"),
        ("numeric", Decimal("1.50"), "1.50"),
        ("numeric", Decimal("1E+3"), "1000"),
        ("numeric", 7, "7"),
        ("numeric", "NaN", "NaN"),
        ("float8", 179, "179"),
        ("float8", 179.0, "179"),
        ("float8", -0.0, "-0"),
        ("float8", -69.85714285714286, "-69.85714285714286"),
        ("float8", 0.0001, "0.0001"),
        ("float8", 0.00001, "1e-05"),
        ("float8", 1.5e-7, "1.5e-07"),
        ("float8", 123456789012345.0, "123456789012345"),
        ("float8", 1e14, "100000000000000"),
        ("float8", 1e15, "1e+15"),
        ("float8", 1234567890123456.0, "1.234567890123456e+15"),
        ("float8", -2.0034855448587448e16, "-2.0034855448587448e+16"),
        ("float8", 1e300, "1e+300"),
        ("float8", float("nan"), "NaN"),
        ("float8", float("-inf"), "-Infinity"),
        ("double precision", 1234567.0, "1234567"),
        ("float4", 123456.7, "123456.7"),
        ("float4", 1234567.0, "1.234567e+06"),
        ("timestamp", "2024-02-29T23:59:59.999", "2024-02-29T23:59:59.999"),
        ("timestamptz", "2024-01-01T21:34:05.5+00:00", "2024-01-01 21:34:05.5+00"),
        ("timestamptz", "2024-01-02T03:04:05+05:30", "2024-01-02 03:04:05+05:30"),
        ("json", None, "null"),
        ("json", "text", '"text"'),
        ("json", [{"title": 'left "é"\n', "n": 1.5}], '[{"title": "left \\"\\u00e9\\"\\n", "n": 1.5}]'),
        ("json", {"exact": Decimal("1.10"), "many": [1, True, None]}, '{"exact": 1.10, "many": [1, true, null]}'),
        ("json", {}, "{}"),
        ("jsonb", None, None),
        ("jsonb", {"a": "é"}, '{"a": "é"}'),
        ("_text", None, "null"),
        ("_text", ["a", "é\n", None], '["a","é\\n",null]'),
        ("_bool", [True, False], "[true,false]"),
        ("float8[]", [1e15, 0.1], "[1e+15,0.1]"),
        ("unknown", {"a": [1]}, '{"a": [1]}'),
    ],
)
def test_the_text_is_that_of_copy(type, value, text):
    assert printer(type)(value) == text
