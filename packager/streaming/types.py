"""The words the engine speaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

#: One cell. Numbers are exact: int, float for ``float4``/``float8``, Decimal for ``numeric``; JSON columns are parsed.
Value = None | bool | int | float | Decimal | str | list[object] | dict[str, object]


class Shape(StrEnum):
    """How the rows of a page come."""

    CSV = "csv"  #: UTF-8 text as CKAN's CSV: ``\n``, quotes doubled, no header
    TSV = "tsv"  #: the same with tabs
    ROWS = "rows"  #: parsed values, in the order of the fields
    OBJECTS = "objects"  #: JSON text of one object a row, without line breaks


@dataclass(frozen=True, slots=True)
class Field:
    """A column: its name, its CKAN type (``text``, ``int4``, ``numeric``, ``timestamp``, ``json`` ...) and what the
    data dictionary says of it (``label``, ``notes``, ...)."""

    name: str
    type: str
    info: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Query:
    """What is wanted of a datastore resource, in the terms of CKAN's ``datastore_search``.

    ``limit`` and ``offset`` count rows; ``limit`` None means all. ``fields`` empty means all columns.
    """

    resource_id: str
    filters: Mapping[str, object] = field(default_factory=dict)
    q: str | Mapping[str, object] | None = None
    plain: bool | None = None
    language: str | None = None
    fields: tuple[str, ...] = ()
    sort: str | None = None
    limit: int | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class TextPage:
    """Rows as delimited text (``Shape.CSV``, ``Shape.TSV``): ``chunks`` joined end with a line end, unless empty.

    ``chunks`` may be read once only.
    """

    count: int
    chunks: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class RowsPage:
    """Rows as values (``Shape.ROWS``), one value for each field of the table."""

    rows: Sequence[Sequence[Value]]

    @property
    def count(self) -> int:
        """The number of rows."""
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class ObjectsPage:
    """Rows as JSON text (``Shape.OBJECTS``), one UTF-8 encoded object each."""

    rows: Sequence[bytes]

    @property
    def count(self) -> int:
        """The number of rows."""
        return len(self.rows)


Page = TextPage | RowsPage | ObjectsPage


@dataclass(frozen=True, slots=True)
class Member:
    """A file in the archive. ``name`` has no path; ``chunks`` are read once, while the archive is written.

    ``compress`` False is for content that is packed already (XLSX, Parquet, a ZIP). ``describes`` says that it tells of
    the data, or of when the archive was made, and is no part of them.
    """

    name: str
    chunks: Iterable[bytes]
    compress: bool = True
    modified: datetime | None = None
    describes: bool = False


@dataclass(slots=True)
class Progress:
    """How far a build is. ``total_rows``/``total_bytes`` are None where nobody knows."""

    rows: int = 0
    total_rows: int | None = None
    bytes_in: int = 0
    total_bytes: int | None = None
