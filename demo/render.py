"""Values as the text that CKAN's datastore gives.

The forms are PostgreSQL's: ``COPY ... TO STDOUT csv`` for csv and tsv
(https://www.postgresql.org/docs/current/sql-copy.html, CSV Format) and ``to_json`` for objects and lists, with the
casts of ``ckanext/datastore/backend/postgres.py``: timestamps cut to milliseconds (2.12) or seconds (2.11), and a null
of a JSON column written as ``null`` in csv, too.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from demo.data import Column

DELIMITERS = {"csv": ",", "tsv": "\t"}


@dataclass(frozen=True, slots=True)
class Style:
    """How rows are written. ``escaped`` makes csv and tsv fit to stand between the quotes of a JSON string."""

    records_format: str
    milliseconds: bool = True
    escaped: bool = False


def template(columns: Sequence[Column], values: Sequence[object], style: Style) -> bytes:
    """One row as a ``%`` pattern that takes the row number once for each numbered column."""
    if style.records_format in DELIMITERS:
        return _delimited(columns, values, style)
    cells = [_cell(column, value, style) for column, value in zip(columns, values, strict=True)]
    if style.records_format == "lists":
        return f"[{','.join(cells)}]".encode()
    names = [json.dumps(column.name, ensure_ascii=False).replace("%", "%%") for column in columns]
    return ("{" + ",".join(f"{name}:{cell}" for name, cell in zip(names, cells, strict=True)) + "}").encode()


def _delimited(columns: Sequence[Column], values: Sequence[object], style: Style) -> bytes:
    cells = [_cell(column, value, style) for column, value in zip(columns, values, strict=True)]
    if cells == ["\\."]:
        cells = ['"\\."']  # alone on its line it would read as the end of the data
    line = DELIMITERS[style.records_format].join(cells) + "\n"
    return json.dumps(line)[1:-1].encode() if style.escaped else line.encode()


def _cell(column: Column, value: object, style: Style) -> str:
    delimiter = DELIMITERS.get(style.records_format)
    if column.numbered:
        return json.dumps(column.numbered) if delimiter is None and column.type == "text" else column.numbered
    if delimiter is None:
        return json_cell(column.type, value, style.milliseconds).replace("%", "%%")
    return csv_cell(column.type, value, style.milliseconds, delimiter).replace("%", "%%")


def json_cell(kind: str, value: object, milliseconds: bool = True) -> str:
    """A value as PostgreSQL's ``to_json`` writes it."""
    if value is None or isinstance(value, bool) or kind == "json":
        return json.dumps(value)
    text = plain_text(value, milliseconds)
    return json.dumps(text, ensure_ascii=False) if isinstance(value, (str, datetime)) else text


def csv_cell(kind: str, value: object, milliseconds: bool = True, delimiter: str = ",") -> str:
    """A value as PostgreSQL's ``COPY ... csv`` writes it: null is bare, the empty string is ``""``."""
    if kind == "json":
        return _quoted(json.dumps(value), delimiter)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "t" if value else "f"
    return _quoted(plain_text(value, milliseconds), delimiter)


def _quoted(text: str, delimiter: str) -> str:
    if not text or any(mark in text for mark in (delimiter, '"', "\n", "\r")):
        return '"' + text.replace('"', '""') + '"'
    return text


def plain_text(value: object, milliseconds: bool = True) -> str:
    """A value that is neither null, boolean nor JSON, as PostgreSQL prints it."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds" if milliseconds else "seconds")
    if isinstance(value, Decimal):
        return f"{value:f}"
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
