"""Parquet, where pyarrow is installed: the columns with the types of CKAN's fields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec

from packager.sentences import gettext_noop
from packager.streaming.formats.base import Options
from packager.streaming.formats.options import WithoutOptions
from packager.streaming.notes import Notes
from packager.streaming.sources.base import Table
from packager.streaming.types import Member, Shape


@cache
def is_available() -> bool:
    """Whether pyarrow is installed, which is an optional extra of the portal."""
    return find_spec("pyarrow") is not None


class Parquet(WithoutOptions):
    """One file, written in row groups as the pages come.

    No value is ever changed to fit: whole numbers become int16, int32 or int64, ``float4`` and ``float8`` double,
    booleans bool, ``timestamp`` a timestamp in microseconds without zone, ``date`` a date. ``numeric`` has no scale
    that could be known before the last row, so it stays text with all its digits. All else is the text of CKAN's
    CSV; JSON and arrays are JSON text. What CKAN calls a column's type, label and notes is metadata of the column.
    """

    name = "parquet"
    label = gettext_noop("Parquet")
    version = 2

    def shapes(self, options: Options) -> Sequence[Shape]:
        """Text first: Arrow reads it several times as fast as values become columns."""
        return (Shape.CSV, Shape.ROWS)

    def members(self, table: Table, options: Options, notes: Notes) -> Iterator[Member]:
        """One member, ``resource.parquet``.

        Raises:
            FormatError: a value does not fit the type of its column (a timestamp ``infinity``, a year after 9999);
                names row and field.
        """
        from packager.streaming.formats.parquet_writer import chunks

        yield Member("resource.parquet", chunks(table), compress=False)
