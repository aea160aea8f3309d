"""What the formats that are made of values share: rows by column, and values as text where a format has no type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from types import NoneType
from typing import cast

from packager.errors import FormatError
from packager.streaming.formats import text
from packager.streaming.formats.text import JSON_TYPES, base_type, json_text
from packager.streaming.notes import misshapen, row_width
from packager.streaming.types import Page, RowsPage, Value

#: Turns the values of a column into text; nulls stay.
Texter = Callable[[Sequence[Value]], Sequence[str | None]]
#: Turns the values of a column into text, nulls into empty text.
CellTexter = Callable[[Sequence[Value]], Sequence[str]]

_TEXT_TYPES = frozenset({"text", "varchar", "character", "char", "bpchar", "citext", "name", "uuid"})


def rows_of(page: Page, width: int) -> Sequence[Sequence[Value]]:
    """The rows of a page of values.

    Raises:
        FormatError: the page is of another shape, or a row has more or fewer values than ``width``.
    """
    if not isinstance(page, RowsPage):
        raise FormatError(reason=misshapen(page))
    for length in set(map(len, page.rows)) - {width}:
        raise FormatError(reason=row_width(length, width))
    return page.rows


def is_only_text(type: str) -> bool:
    """Whether no value of this type may become a number or a boolean: text, and JSON, which is written as its text."""
    return type.lower() in JSON_TYPES or base_type(type) in _TEXT_TYPES


def cell_texter(field_type: str) -> CellTexter:
    """The function that gives the texts of a column as in CKAN's CSV, but of null the empty text in every type."""
    printer = text.printer(field_type)
    # what most columns hold needs no question for each value
    in_short = isinstance(printer, partial)
    floats = partial(text.float_text, **printer.keywords) if isinstance(printer, partial) else text.float_text

    def texts(values: Sequence[Value]) -> Sequence[str]:
        kinds = {*map(type, values)} if in_short else None
        if kinds == {str} or kinds == {str, NoneType} or kinds == {NoneType}:
            return [value or "" for value in cast(Sequence[str | None], values)]
        if kinds == {int}:
            return [*map(str, values)]
        if kinds == {float}:
            return [*map(floats, cast(Sequence[float], values))]
        return ["" if value is None else printer(value) or "" for value in values]

    return texts


def texter(type: str) -> Texter:
    """The function that gives the texts of a column: those of CKAN's CSV, but for strings, which are left alone."""
    if type.lower() in JSON_TYPES:
        return lambda values: [value if value is None else json_text(value) for value in values]
    printer = text.printer(type)
    return lambda values: [value if value is None or isinstance(value, str) else printer(value) for value in values]
