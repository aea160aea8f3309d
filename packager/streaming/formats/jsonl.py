"""JSON Lines (https://jsonlines.org): one JSON object a row."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from decimal import Decimal

import msgspec

from packager.errors import FormatError
from packager.sentences import gettext_noop
from packager.streaming.formats.base import Options
from packager.streaming.formats.options import WithoutOptions
from packager.streaming.formats.text import float_text
from packager.streaming.formats.values import columns_of, rows_of
from packager.streaming.notes import Note, Notes
from packager.streaming.sources.base import Table
from packager.streaming.types import Member, ObjectsPage, Page, Shape, Value

_encoder = msgspec.json.Encoder(decimal_format="number")


class JsonLines(WithoutOptions):
    """The rows as CKAN's own JSON, in UTF-8, each line closed by ``\\n``."""

    name = "jsonl"
    label = gettext_noop("JSON Lines")
    version = 1

    def shapes(self, options: Options) -> Sequence[Shape]:
        """Objects first: passed on as they are they keep every digit, and cost a tenth of parsing and writing lists."""
        return (Shape.OBJECTS, Shape.ROWS)

    def members(self, table: Table, options: Options, notes: Notes) -> Iterator[Member]:
        """One member, ``resource.jsonl``; empty if there are no rows.

        Raises:
            FormatError: a text holds half of a surrogate pair, which UTF-8 cannot say.
        """
        yield Member("resource.jsonl", _lines(table))


def _lines(table: Table) -> Iterator[bytes]:
    names = [field.name for field in table.fields]
    for page in table.pages():
        if page.count:
            yield _page(page, names)


def _page(page: Page, names: Sequence[str]) -> bytes:
    if isinstance(page, ObjectsPage):
        return b"\n".join(page.rows) + b"\n"
    return _encoded(rows_of(page), names)


def _encoded(rows: Sequence[Sequence[Value]], names: Sequence[str]) -> bytes:
    columns = [_spelled(column) for column in columns_of(rows, len(names))]
    try:
        return _encoder.encode_lines([dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)])
    except UnicodeEncodeError as error:
        raise FormatError(reason=Note("surrogate")) from error


def _spelled(column: Sequence[Value]) -> Sequence[object]:
    """The column with its numbers as PostgreSQL writes them: digits without exponent, NaN and infinities as text."""
    if {float, Decimal}.isdisjoint(map(type, column)):
        return column
    return [_number(value) for value in column]


def _number(value: Value) -> object:
    if isinstance(value, Decimal):
        text = format(value, "f")
        return msgspec.Raw(text.encode()) if value.is_finite() else text
    if isinstance(value, float) and not math.isfinite(value):
        return float_text(value)
    return value
