"""The SQL that CKAN makes of a query, composed again.

What CKAN does was read in ``ckanext/datastore/backend/postgres.py`` (``search_data``, ``_where_clauses``, ``_sort``)
and ``filters.py`` of 2.11.6 and 2.12.0. Only what is certain to mean the same is composed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg2 import sql

from packager.streaming.sources.completeness import Window
from packager.streaming.sources.row_ids import ID
from packager.streaming.types import Query, Shape

#: CKAN's ``_parse_sort_clause``.
_SORT = re.compile(r"(.+?)(?: +(asc|desc))?( nulls +(?:first|last) *)?", re.IGNORECASE)
_COMPARISONS = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
#: Types, as PostgreSQL names them, whose text depends on nothing but the value.
_PRINTED = frozenset(
    {"text", "varchar", "bpchar", "int2", "int4", "int8", "float4", "float8", "numeric", "bool", "date", "time"}
    | {"timestamp", "uuid", "json", "jsonb", "nested"}
    | {"_text", "_varchar", "_int2", "_int4", "_int8", "_float8", "_numeric", "_bool", "_date", "_timestamp"}
)
#: How rows leave the database. JSON has neither control character in it, so that it stands there as it is, but for
#: rows with line breaks between their values, which get ``QUOTE`` around them.
_FORMATS = {
    Shape.CSV: "TO STDOUT (FORMAT csv)",
    Shape.TSV: "TO STDOUT (FORMAT csv, DELIMITER E'\\t')",
    Shape.OBJECTS: "TO STDOUT (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')",
    Shape.ROWS: "TO STDOUT (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')",
}
QUOTE = b"\x01"


class Unsure(Exception):
    """It is not certain that CKAN would give the same rows in the same form. Says why in a clause, without values."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs from CKAN to CKAN.

    ``milliseconds``: timestamps are printed with them. ``operators``: filters may say ``{"gte": 5}`` and ``$or``.
    ``language``: that of a search which names none.
    """

    milliseconds: bool
    operators: bool
    language: str = "english"


@dataclass(frozen=True, slots=True)
class Relation:
    """A table of the datastore: its name, and the types of its columns by name, as PostgreSQL calls them."""

    name: sql.Identifier
    types: Mapping[str, str]


class Select:
    """The rows of a query, as columns ``names`` of a table. Raises Unsure."""

    def __init__(self, relation: Relation, names: Sequence[str], query: Query, dialect: Dialect) -> None:
        self._table = relation.name
        self._cells = [_cell(name, relation.types[name], dialect.milliseconds) for name in names]
        self._names = names
        found = [*_filters(query.filters, relation.types, dialect), *_search(query, dialect)]
        self._conditions = [sql.SQL("({})").format(each) for each in found]
        self._order = sql.SQL(", ").join(_order(query.sort, relation.types))

    def copy(self, shape: Shape, window: Window, ids: tuple[int, int] | None = None) -> sql.Composable:
        """A COPY of the rows in ``window`` (of those whose ``_id`` lies in ``ids``, both included)."""
        json = shape in (Shape.OBJECTS, Shape.ROWS)
        cells = zip(self._cells, self._aliases(shape), strict=True)
        columns = sql.SQL(", ").join(sql.SQL("{} AS {}").format(*pair) if json else pair[0] for pair in cells)
        rows = sql.SQL("SELECT {}{} ORDER BY {}{}").format(columns, self._source(ids), self._order, _part(window))
        if json:
            rows = sql.SQL("SELECT row_to_json(z) FROM ({}) AS z").format(rows)
        return sql.SQL("COPY ({}) " + _FORMATS[shape]).format(rows)

    def extent(self, window: Window) -> sql.Composable:
        """Asks for the number of rows in ``window``, and for their smallest and largest ``_id``."""
        rows = sql.SQL("SELECT {}{}").format(sql.Identifier(ID), self._source(None))
        if window != Window(0, None):
            rows += sql.SQL(" ORDER BY {}{}").format(self._order, _part(window))
        return sql.SQL("SELECT count(*), min({0}), max({0}) FROM ({1}) AS z").format(sql.Identifier(ID), rows)

    def _aliases(self, shape: Shape) -> Sequence[sql.Identifier]:
        short = shape is Shape.ROWS
        return [sql.Identifier(str(at) if short else name) for at, name in enumerate(self._names)]

    def _source(self, ids: tuple[int, int] | None) -> sql.Composable:
        conditions = list(self._conditions)
        if ids is not None:
            between = sql.SQL("{} BETWEEN {} AND {}")
            conditions.append(between.format(sql.Identifier(ID), *map(sql.Literal, ids)))
        source = sql.SQL(" FROM {}").format(self._table)
        return source + sql.SQL(" WHERE ") + sql.SQL(" AND ").join(conditions) if conditions else source


def check_types(types: Mapping[str, str]) -> None:
    """Raises Unsure if the text of a column may depend on more than its values."""
    for name, type in types.items():
        if type not in _PRINTED:
            raise Unsure(f"the column {name!r} has the type {type}")


def _cell(name: str, type: str, milliseconds: bool) -> sql.Composable:
    column = sql.Identifier(name)
    if type == "nested":
        return sql.SQL("coalesce(({}).json, 'null')").format(column)
    if type == "timestamp":
        text = 'YYYY-MM-DD"T"HH24:MI:SS' + (".MS" if milliseconds else "")
        return sql.SQL("to_char({}, {})").format(column, sql.Literal(text))
    if type.startswith("_"):
        return sql.SQL("coalesce(array_to_json({}), 'null')").format(column)
    return column


def _part(window: Window) -> sql.Composable:
    limit = sql.SQL("" if window.limit is None else " LIMIT {}").format(sql.Literal(window.limit))
    return limit + sql.SQL(" OFFSET {}" if window.offset else "").format(sql.Literal(window.offset))


def _order(sort: str | None, types: Mapping[str, str]) -> list[sql.Composable]:
    """The sort keys; ``_id`` comes last, so that the order is the same each time."""
    keys = []
    for clause in sort.split(",") if sort else ():
        match = _SORT.fullmatch(clause.strip())
        name = match[1] if match else ""
        name = name[1:-1] if name[:1] == name[-1:] == '"' else name
        if match is None or name not in types:
            raise Unsure("it is sorted in a way that is not known")
        words = f"{match[2] or 'asc'}{match[3] or ''}".lower()
        keys.append(sql.SQL("{} " + words).format(sql.Identifier(name)))
    return [*keys, sql.Identifier(ID)]


def _search(query: Query, dialect: Dialect) -> list[sql.Composable]:
    if not query.q:
        return []
    if not isinstance(query.q, str):
        raise Unsure("it searches single columns, which depends on settings that CKAN does not tell")
    function = "to_tsquery" if query.plain is False else "plainto_tsquery"
    texts = map(_literal, (query.language or dialect.language, query.q))
    return [sql.SQL("_full_text @@ " + function + "({}, {})").format(*texts)]


# -------------------------------------------------------------------- filters


def _filters(filters: Mapping[str, Any], types: Mapping[str, str], dialect: Dialect) -> list[sql.Composable]:
    """Conditions, all of which must hold."""
    if dialect.operators:
        return _conditions(filters, types)
    return [
        _is_among(name, value, types) if isinstance(value, list) else _compared(name, "eq", value, types)
        for name, value in filters.items()
    ]


def _conditions(filters: Mapping[str, Any], types: Mapping[str, str]) -> list[sql.Composable]:
    """Those of CKAN 2.12: ``{"field": value, "other": {"gte": 1}, "$or": [{...}, {...}]}``."""
    found = []
    for name, value in filters.items():
        if not name.startswith("$") or name.startswith("$$"):
            found.append(_of_field(name.removeprefix("$") if name.startswith("$$") else name, value, types))
        elif name not in _GROUPS or not isinstance(value, list) or not value or not all(map(_is_full, value)):
            raise Unsure("a filter is of a kind that is not known")
        else:
            found.append(_joined(_GROUPS[name], [_joined(" AND ", _conditions(each, types)) for each in value]))
    return found


_GROUPS = {"$and": " AND ", "$or": " OR "}


def _is_full(value: object) -> bool:
    return isinstance(value, dict) and bool(value)


def _of_field(name: str, value: Any, types: Mapping[str, str]) -> sql.Composable:
    if isinstance(value, list):
        ranges = [_of_field(name, each, types) for each in value if isinstance(each, dict)]
        plain = [each for each in value if not isinstance(each, dict)]
        return _joined(" OR ", [*ranges, _is_among(name, plain, types)] if plain or not ranges else ranges)
    if not isinstance(value, dict):
        return _compared(name, "eq", value, types)
    if not value:
        raise Unsure("a filter is of a kind that is not known")
    pairs = value.items()
    return _joined(
        " AND ", [_is_among(name, v, types) if op == "in" else _compared(name, op, v, types) for op, v in pairs]
    )


def _joined(word: str, conditions: Sequence[sql.Composable]) -> sql.Composable:
    return sql.SQL("({})").format(sql.SQL(word).join(conditions))


def _compared(name: str, operation: str, value: Any, types: Mapping[str, str]) -> sql.Composable:
    if operation not in _COMPARISONS or name not in types:
        raise Unsure("a filter is of a kind that is not known")
    comparison = sql.SQL("{} " + _COMPARISONS[operation] + " {}")
    return comparison.format(sql.Identifier(name), _literal(value, types[name]))


def _is_among(name: str, values: Any, types: Mapping[str, str]) -> sql.Composable:
    if name not in types or not isinstance(values, list) or types[name].startswith("_"):
        raise Unsure("a filter is of a kind that is not known")
    if not values:
        return sql.SQL("false")
    literals = [_literal(value, types[name]) for value in values]
    return sql.SQL("{} IN ({})").format(sql.Identifier(name), sql.SQL(", ").join(literals))


def _literal(value: Any, type: str = "text") -> sql.Composable:
    """A value as CKAN compares it: in columns of text by its text."""
    if not isinstance(value, str | int | float | None):
        raise Unsure("a filter is of a kind that is not known")
    value = str(value) if type == "text" else value
    if isinstance(value, str) and ("\0" in value or (not value.isascii() and _is_half(value))):
        raise Unsure("it asks for a text that PostgreSQL cannot hold")
    return sql.Literal(value)


def _is_half(text: str) -> bool:
    """Whether a text holds half of a surrogate pair."""
    return any("\ud800" <= character <= "\udfff" for character in text)
