"""Values as text, where no type of a column says how: in items and in the dynamic term."""

from __future__ import annotations

import json
from decimal import Decimal

from packager.streaming.formats.text import Printer, printer, readable_json
from packager.streaming.types import Value

_plain: Printer = printer("text")


def cell_text(value: Value) -> str:
    """A value as the text of a cell: null is empty, lists and objects are JSON, the rest is as in CKAN's CSV."""
    if value is None or type(value) is str:
        return value or ""
    return readable_json(value) if isinstance(value, list | dict) else _plain(value) or ""


def json_object(value: object) -> dict[str, object] | None:
    """A JSON object, or what JSON text of one means; None for anything else."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = json_value(value, None)
    return value if isinstance(value, dict) else None


def json_value(text: str, default: object) -> object:
    """What JSON text means, with every digit of its numbers; ``default`` if it is none."""
    try:
        return json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        return default
