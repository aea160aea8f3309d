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
from packager.streaming.formats.values import rows_of
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
        names = [field.name for field in table.fields]
        yield Member("resource.jsonl", (_lines(page, names) for page in table.pages() if page.count))


def _lines(page: Page, names: Sequence[str]) -> bytes:
    if isinstance(page, ObjectsPage):
        return b"\n".join(page.rows) + b"\n"
    # numbers as PostgreSQL writes them: digits without exponent, NaN and infinities as text
    columns = (
        column if {float, Decimal}.isdisjoint(map(type, column)) else map(_number, column)
        for column in zip(*rows_of(page, len(names)), strict=True)
    )
    try:
        return _encoder.encode_lines([dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)])
    except UnicodeEncodeError as error:
        raise FormatError(reason=Note("surrogate")) from error


def _number(value: Value) -> object:
    if isinstance(value, Decimal):
        text = format(value, "f")
        return msgspec.Raw(text.encode()) if value.is_finite() else text
    if isinstance(value, float) and not math.isfinite(value):
        return float_text(value)
    return value
