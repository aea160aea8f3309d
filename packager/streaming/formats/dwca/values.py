"""Values as text, where no type of a column says how: in items and in the dynamic term."""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal

from packager.streaming.formats.text import Printer, float_text, printer
from packager.streaming.types import Value

_HALF_PAIR = re.compile("[\ud800-\udfff]")
_as_it_is = json.JSONEncoder(ensure_ascii=False).encode
_plain: Printer = printer("text")


def cell_text(value: Value) -> str:
    """A value as the text of a cell: null is empty, lists and objects are JSON, the rest is as in CKAN's CSV."""
    if isinstance(value, str):
        return value
    return json_text(value) if isinstance(value, list | dict) else _plain(value) or ""


def json_text(value: object) -> str:
    """A value as JSON (RFC 8259), numbers exact.

    JSON knows no NaN and no infinity: they become the strings ``"NaN"``, ``"Infinity"`` and ``"-Infinity"``.
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_encode(str(key))}: {json_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(json_text, value)) + "]"
    if isinstance(value, float | Decimal):
        return _number(value) if math.isfinite(value) else _encode(float_text(float(value)))
    return _encode(value)


def _encode(value: object) -> str:
    """JSON of a scalar. Half of a surrogate pair, which UTF-8 cannot express, is escaped."""
    text = _as_it_is(value)
    return text if text.isascii() or not _HALF_PAIR.search(text) else json.dumps(value)


def _number(value: float | Decimal) -> str:
    return format(value, "f") if isinstance(value, Decimal) else float_text(value)


def json_object(value: object) -> dict[str, object] | None:
    """A JSON object, or what JSON text of one means; None for anything else."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value, parse_float=Decimal)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None
