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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial
from json.encoder import encode_basestring
from types import NoneType
from typing import Any, cast

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
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_OFFSET_OF_WHOLE_HOURS = re.compile(r"([+-]\d\d):00$")


def base_type(type: str) -> str:
    """``numeric(10,2)`` -> ``numeric``, ``double precision`` -> ``double``."""
    return type.lower().partition("(")[0].partition(" ")[0]


def is_array(type: str) -> bool:
    """CKAN names arrays as PostgreSQL does (``_text``) or as SQL does (``text[]``)."""
    return type.startswith("_") or type.endswith("[]")


def says_null(type: str) -> bool:
    """Whether CKAN's CSV has a word where values of this type are null."""
    return type.lower() in (*JSON_TYPES, "jsonb") or is_array(type)


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
        # CKAN does nothing about jsonb: PostgreSQL's own text, and null stays null
        return lambda value: None if value is None else _JSONB.text(value)
    if type.lower() in ("timestamptz", "timestamp with time zone"):
        # JSON says ``2024-01-01T21:34:05+00:00``, COPY ``2024-01-01 21:34:05+00``
        return lambda value: (
            _OFFSET_OF_WHOLE_HOURS.sub(r"\1", value.replace("T", " ", 1))
            if isinstance(value, str)
            else plain_text(value)
        )
    return partial(plain_text, limit=_FLOAT_LIMITS.get(base_type(type), _DOUBLE_LIMIT))


def plain_text(value: Value, limit: float = _DOUBLE_LIMIT) -> Text:
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
    digits = repr(value)
    # PostgreSQL prints numbers half-way between two floats in full
    if limit == _DOUBLE_LIMIT and 2 * abs(Fraction(digits) - Fraction(value)) == Fraction(math.ulp(value)):
        digits = f"{value:.16e}"
    mantissa, _, exponent = f"{Decimal(digits).normalize():e}".partition("e")
    return f"{mantissa}e{int(exponent):+03d}"


_unescaped = json.JSONEncoder(ensure_ascii=False).encode


def _halves_escaped(value: object) -> str:
    """Half of a surrogate pair, which UTF-8 cannot express, is escaped."""
    text = _unescaped(value)
    return text if text.isascii() or not _HALF_PAIR.search(text) else json.dumps(value)


@dataclass(frozen=True, slots=True)
class _JsonStyle:
    """A way to write JSON (RFC 8259); ``json.dumps`` alone would not take a Decimal.

    ``number`` prints floats, ``scalar`` all else that is neither list nor object, ``odd`` NaN and the infinities, which
    JSON has no number for.
    """

    comma: str
    colon: str
    number: Callable[[float], str]
    scalar: Callable[[object], str]
    odd: Callable[[float | Decimal], str] = lambda _: "null"

    def text(self, value: object) -> str:
        if isinstance(value, float | Decimal):
            if not math.isfinite(value):
                return self.odd(value)
            return format(value, "f") if isinstance(value, Decimal) else self.number(value)
        if isinstance(value, list):
            return f"[{self.comma.join(map(self.text, value))}]"
        if isinstance(value, dict):
            pairs = (f"{self.scalar(str(key))}{self.colon}{self.text(item)}" for key, item in value.items())
            return f"{{{self.comma.join(pairs)}}}"
        return self.scalar(value)


_CKAN = _JsonStyle(", ", ": ", number=repr, scalar=json.dumps)
_JSONB = _JsonStyle(", ", ": ", number=repr, scalar=_unescaped)
#: JSON as PostgreSQL makes it of an array; a null is the text ``null``.
array_text = _JsonStyle(",", ":", number=float_text, scalar=_unescaped).text
#: JSON with letters as they are, floats as in CKAN's CSV, and NaN and the infinities as the texts of that.
readable_json = _JsonStyle(
    ", ", ": ", number=float_text, scalar=_halves_escaped, odd=lambda value: f'"{float_text(float(value))}"'
).text


def _readable_float(value: float) -> str:
    return float_text(value) if math.isfinite(value) else readable_json(value)


#: ``readable_json`` of the commonest kinds, without the questions that it asks first.
_READABLE: Mapping[type, Callable[[Any], str]] = {
    bool: lambda value: "true" if value else "false",
    int: str,
    float: _readable_float,
    str: _halves_escaped,
    NoneType: lambda _: "",
}


def readable_column(values: Sequence[Value]) -> list[str]:
    """``readable_json`` of each value, and of null the empty text."""
    if {*map(type, values)} == {str} and not _HALF_PAIR.search("".join(cast(Sequence[str], values))):
        return [*map(encode_basestring, cast(Sequence[str], values))]
    return [_READABLE.get(type(value), readable_json)(value) for value in values]


def json_text(value: object) -> str:
    """JSON as CKAN stores it; a null is the text ``null``."""
    try:
        return json.dumps(value, allow_nan=False)  # the same, and faster, for all that holds no Decimal
    except (TypeError, ValueError):
        return _CKAN.text(value)
