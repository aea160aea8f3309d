"""The text of a cell, as PostgreSQL's ``COPY ... csv`` prints it for CKAN's ``datastore_search`` and dump.

CKAN selects JSON columns (its composite type ``nested``) and arrays as JSON text with ``null`` for SQL null
(``ckanext/datastore/backend/postgres.py``, ``search_data``); what it stored there came out of Python's ``json.dumps``
with its usual settings, arrays come from PostgreSQL's ``array_to_json``. Everything else is PostgreSQL's own output of
the type (``float8out`` and others, ``src/backend/utils/adt``). All of it was compared with PostgreSQL 15.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial

from packager.streaming.types import Field, Value

#: A cell as text; None is SQL null.
Text = str | None
Printer = Callable[[Value], Text]

JSON_TYPES = frozenset({"json", "nested"})
#: Types whose text is a number; ``numeric(10,2)`` counts as ``numeric``.
NUMBER_TYPES = frozenset(
    {"int", "int2", "int4", "int8", "smallint", "integer", "bigint", "serial", "bigserial"}
    | {"float", "float4", "float8", "real", "double", "numeric", "decimal"}
)

# Beyond these PostgreSQL prints an exponent: its FLT_DIG and DBL_DIG digits (f2s.c, d2s.c).
_FLOAT_LIMITS = {"float4": 1e6, "real": 1e6}
_DOUBLE_LIMIT = 1e15
_OFFSET_OF_WHOLE_HOURS = re.compile(r"([+-]\d\d):00$")


def base_type(type: str) -> str:
    """``numeric(10,2)`` -> ``numeric``, ``double precision`` -> ``double``."""
    return type.lower().partition("(")[0].partition(" ")[0]


def is_array(type: str) -> bool:
    """CKAN names arrays as PostgreSQL does (``_text``) or as SQL does (``text[]``)."""
    return type.startswith("_") or type.endswith("[]")


def printers(fields: Sequence[Field]) -> list[Printer]:
    """One function for each column, from value to text."""
    return [printer(field.type) for field in fields]


def printer(type: str) -> Printer:
    """The function that prints values of a column of this type."""
    if type.lower() in JSON_TYPES:
        return json_text
    if is_array(type):
        return array_text
    if type.lower() == "jsonb":
        return _jsonb_text
    if type.lower() in ("timestamptz", "timestamp with time zone"):
        return _timestamptz_text
    return partial(plain_text, _FLOAT_LIMITS.get(base_type(type), _DOUBLE_LIMIT))


def plain_text(limit: float, value: Value) -> Text:
    """A value of any other type. From ``limit`` on floats have an exponent."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return float_text(value, limit)
    return format(value, "f") if isinstance(value, Decimal) else json_text(value)


def float_text(value: float, limit: float = _DOUBLE_LIMIT) -> str:
    """The shortest text that reads back as this number, without ``.0``."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-4 <= abs(value) < limit:
        return repr(value).removesuffix(".0")
    digits = _digits(value) if limit == _DOUBLE_LIMIT else repr(value)
    mantissa, _, exponent = f"{Decimal(digits).normalize():e}".partition("e")
    return f"{mantissa}e{int(exponent):+03d}"


def _digits(value: float) -> str:
    """Python's shortest digits, but for numbers half-way between two floats, which PostgreSQL prints in full."""
    shortest = repr(value)
    distance = abs(Fraction(shortest) - Fraction(value))
    return f"{value:.16e}" if 2 * distance == Fraction(math.ulp(value)) else shortest


@dataclass(frozen=True, slots=True)
class _JsonStyle:
    """A way to write JSON; ``json.dumps`` alone would not take a Decimal."""

    comma: str
    colon: str
    ascii_only: bool
    number: Callable[[float], str]

    def text(self, value: object) -> str:
        if isinstance(value, float):
            return self.number(value) if math.isfinite(value) else "null"
        if isinstance(value, Decimal):
            return format(value, "f")
        if isinstance(value, list):
            return f"[{self.comma.join(map(self.text, value))}]"
        if isinstance(value, dict):
            return f"{{{self.comma.join(self._pair(str(key), item) for key, item in value.items())}}}"
        return json.dumps(value, ensure_ascii=self.ascii_only)

    def _pair(self, key: str, value: object) -> str:
        return f"{json.dumps(key, ensure_ascii=self.ascii_only)}{self.colon}{self.text(value)}"


#: JSON as CKAN stores it; a null is the text ``null``.
json_text = _JsonStyle(", ", ": ", ascii_only=True, number=repr).text
#: JSON as PostgreSQL makes it of an array; a null is the text ``null``.
array_text = _JsonStyle(",", ":", ascii_only=False, number=float_text).text


def _jsonb_text(value: Value) -> Text:
    """CKAN does nothing about jsonb: PostgreSQL's own text, and null stays null."""
    return None if value is None else _JsonStyle(", ", ": ", ascii_only=False, number=repr).text(value)


def _timestamptz_text(value: Value) -> Text:
    """JSON says ``2024-01-01T21:34:05+00:00``, COPY ``2024-01-01 21:34:05+00``."""
    if not isinstance(value, str):
        return plain_text(_DOUBLE_LIMIT, value)
    return _OFFSET_OF_WHOLE_HOURS.sub(r"\1", value.replace("T", " ", 1))
