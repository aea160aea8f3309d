"""Values that exporters like to spoil, as CKAN answers them."""

from __future__ import annotations

from decimal import Decimal

from packager.streaming.types import Field, Value

TEXTS = (
    "",
    "null",
    "NULL",
    "\\N",
    '"',
    '""',
    "a,b",
    "a\tb",
    "a\nb",
    "a\r\nb",
    "a\rb",
    " lead",
    "trail ",
    "=1+1",
    "@SUM(A1)",
    "it's",
    "\\",
    "0012",
    "1e5",
    "NaN",
    "é e\u0301",
    "𝔘𝔫𝔦",
    "👩‍🔬",
    "\u200f\u05d0",
    "\ufeffbom",
    "\u2028",
    "x" * 5000,
    "<b>&amp;",
    "%00",
    "\x01\x1f",
    "\x00",
    "\x07",
    "#N/A",
    "=cmd|'/c calc'!A1",
    "TRUE",
    "]]>",
    "_x0041_",
    "_x0041\x01",
    "_x005F_x0041_",
    "\t",
    "\n",
    " ",
    "\x7f\x85",
    "-1",
    "+1",
    "2024-02-29",
    "1.10",
    "\\u0041",
)

FIELDS = (
    Field("_id", "int4"),
    Field("text", "text"),
    Field("whole", "int8"),
    Field("double", "float8"),
    Field("exact", "numeric"),
    Field("flag", "bool"),
    Field("when", "timestamp"),
    Field("media", "json"),
)

_WHOLE: list[Value] = [None, 0, -1, 2**53, -(2**53), 2**53 + 1, 2**63 - 1, -(2**63)]
_DOUBLE: list[Value] = [None, 0.0, -69.85714285714286, 0.1, 1e22, 5e-324, 1.7976931348623157e308, 1.0]
_EXACT: list[Value] = [
    None,
    Decimal("12345678901234567890.123456789"),
    Decimal("0.25"),
    Decimal("0.1"),
    Decimal("1E-10"),
    Decimal("-5"),
    Decimal("0.12345678901234567890"),
    Decimal("1" + "0" * 400),
]
_MEDIA: list[Value] = [
    None,
    [],
    {},
    [{"identifier": "https://www.example.org/1", "title": 'View 1, "left"\nside é'}],
    {"a": None, "b": [1, 2.5, True]},
    ["=1+1", "\x01"],
    [2**70],
    {"nested": {"deep": ["<&>"]}},
]


def row(number: int) -> tuple[Value, ...]:
    """Row ``number`` (from 1), made of the lists above in turn."""
    turn = number % 8
    when = None if number % 9 == 0 else f"{1800 + number}-02-03T04:05:06.{number:03d}"
    flag = (None, True, False)[number % 3]
    text = TEXTS[number - 1]
    return (number, text, _WHOLE[turn], _DOUBLE[turn], _EXACT[turn], flag, when, _MEDIA[turn])


ROWS = [row(number) for number in range(1, len(TEXTS) + 1)]
