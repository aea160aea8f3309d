"""What the formats that are made of values share: rows by column, and values as text where a format has no type."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from packager.errors import FormatError
from packager.streaming.formats import text
from packager.streaming.formats.text import JSON_TYPES, base_type
from packager.streaming.notes import Note, row_width
from packager.streaming.types import Page, RowsPage, Value

#: Turns the values of a column into text; nulls stay.
Texter = Callable[[Sequence[Value]], Sequence[str | None]]

_TEXT_TYPES = frozenset({"text", "varchar", "character", "char", "bpchar", "citext", "name", "uuid"})


def rows_of(page: Page) -> Sequence[Sequence[Value]]:
    """The rows of a page of values. Raises FormatError for a page of another shape."""
    if not isinstance(page, RowsPage):
        raise FormatError(reason=Note("rows_misshapen", {"shape": type(page).__name__}))
    return page.rows


def columns_of(rows: Sequence[Sequence[Value]], width: int) -> list[tuple[Value, ...]]:
    """The same values by column; there must be rows.

    Raises:
        FormatError: a row has more or fewer values than ``width``.
    """
    for row in rows:
        if len(row) != width:
            raise FormatError(reason=row_width(len(row), width))
    return list(zip(*rows, strict=True))


def is_only_text(type: str) -> bool:
    """Whether no value of this type may become a number or a boolean: text, and JSON, which is written as its text."""
    return type.lower() in JSON_TYPES or base_type(type) in _TEXT_TYPES


def texter(type: str) -> Texter:
    """The function that gives the texts of a column: those of CKAN's CSV, but for strings, which are left alone."""
    if type.lower() in JSON_TYPES:
        return lambda values: [value if value is None else json_text(value) for value in values]
    printer = text.printer(type)
    return lambda values: [value if value is None or isinstance(value, str) else printer(value) for value in values]


def json_text(value: Value) -> str:
    """The same as ``text.json_text``, which see; faster for all but Decimals."""
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return text.json_text(value)
