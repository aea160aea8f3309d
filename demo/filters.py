"""CKAN's ``filters`` and ``q`` as conditions on rows.

``filters`` is ``{"field": value}`` or ``{"field": [values]}``, and from CKAN 2.12 on also
``{"field": {"gt": 1, "lte": 5}}``, ``{"$and": [...]}`` and ``{"$or": [...]}``.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from demo.errors import invalid, invalid_query
from demo.render import plain_text
from demo.table import Table, Test, Where

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
TRUE, FALSE = {"t", "true", "y", "yes", "on", "1"}, {"f", "false", "n", "no", "off", "0"}


def filter_ops(filters: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The filters as the tree of operations that CKAN 2.12 shows in its answer as ``filterops``.

    Raises:
        Refused: an unknown field or operation.
    """
    return _together("$and", [op for name, value in filters.items() for op in _ops(name, value, names)])


def _together(op: str, ops: list[dict[str, Any]]) -> dict[str, Any]:
    return ops[0] if len(ops) == 1 and op == "$and" else {"op": op, "field": None, "value": ops}


def _ops(name: str, value: Any, names: Sequence[str]) -> list[dict[str, Any]]:
    """The operations of one entry of ``filters``, all of which must hold."""
    if name == "$and":
        return [op for each in value for inner, given in each.items() for op in _ops(inner, given, names)]
    if name == "$or":
        return [_together("$or", [filter_ops(each, names) for each in value])]
    if name not in names:
        raise invalid(filters=[f"Unknown field: {name}"])
    if isinstance(value, dict):
        return [_compared(name, op, operand) for op, operand in value.items()]
    if isinstance(value, list) and any(isinstance(each, dict) for each in value):
        ranges = [_together("$and", _ops(name, each, names)) for each in value if isinstance(each, dict)]
        plain = [each for each in value if not isinstance(each, dict)]
        return [_together("$or", ranges + ([{"op": "in", "field": name, "value": plain}] if plain else []))]
    return [{"op": "in" if isinstance(value, list) else "eq", "field": name, "value": value}]


def _compared(name: str, op: str, operand: Any) -> dict[str, Any]:
    if op not in COMPARE and op != "in":
        detail = f"FilterOp(field={name!r}, op={op!r}, value={operand!r})"
        raise invalid(filters=[f"Unknown filter operation: {detail}"])
    return {"op": op, "field": name, "value": operand}


def where(ops: Mapping[str, Any] | None, q: Any, table: Table) -> Where:
    """The rows that fit ``ops`` (of ``filter_ops``) and the full-text query ``q``.

    Bounds on ``_id`` that hold for all rows become a range, so that paging by key costs the same anywhere.
    """
    first, last, rest = 1, None, []
    for op in _conjuncts(ops) if ops else ():
        if op["field"] != "_id" or op["op"] == "in":
            rest.append(op)
            continue
        low, high = _bounds(op["op"], coerce("int", op["value"]))
        first = max(first, low)
        last = high if last is None else last if high is None else min(last, high)
    tests = [_test(op, table) for op in rest] + ([_text_test(q, table)] if q else [])
    numbered = {column.name for column in table.columns if column.numbered}
    return Where(
        first,
        last,
        (lambda row: all(test(row) for test in tests)) if tests else None,
        any(name in numbered for op in rest for name in _names(op)),
        json.dumps([rest, q], sort_keys=True),
    )


def _conjuncts(op: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if op["op"] != "$and":
        yield op
        return
    for each in op["value"]:
        yield from _conjuncts(each)


def _bounds(op: str, value: int | None) -> tuple[int, int | None]:
    """The first and the last row number; nothing is comparable with null."""
    if value is None:
        return 1, 0
    return {
        "eq": (value, value),
        "gt": (value + 1, None),
        "gte": (value, None),
        "lt": (1, value - 1),
        "lte": (1, value),
    }[op]


def _names(op: Mapping[str, Any]) -> Iterator[str]:
    if op["field"] is None:
        for each in op["value"]:
            yield from _names(each)
    else:
        yield op["field"]


def _test(op: Mapping[str, Any], table: Table) -> Test:
    if op["field"] is None:
        tests = [_test(each, table) for each in op["value"]]
        together = all if op["op"] == "$and" else any
        return lambda row: together(test(row) for test in tests)
    at = table.names.index(op["field"])
    kind = table.columns[at].type
    if op["op"] == "in":
        wanted = [coerce(kind, each) for each in op["value"]]
        return lambda row: row[at] is not None and row[at] in wanted
    compare, operand = COMPARE[op["op"]], coerce(kind, op["value"])
    return lambda row: row[at] is not None and operand is not None and compare(row[at], operand)


def coerce(kind: str, value: Any) -> Any:
    """A value of a filter as a value of that column type.

    Raises:
        Refused: it is none.
    """
    if value is None:
        return None
    try:
        return _coerced(kind, value)
    except (ValueError, TypeError, InvalidOperation) as error:
        raise invalid_query(f'invalid input syntax for type {kind}: "{value}"') from error


def _coerced(kind: str, value: Any) -> Any:
    if isinstance(value, (dict, list)):
        raise TypeError(value)
    text = str(value)
    if kind.startswith("int"):
        return int(text)
    if kind in ("numeric", "float8", "float"):
        return Decimal(text) if kind == "numeric" else float(text)
    if kind == "timestamp":
        return datetime.fromisoformat(text)
    return _truth(text) if kind == "bool" else text


def _truth(text: str) -> bool:
    if text.lower() not in TRUE | FALSE:
        raise ValueError(text)
    return text.lower() in TRUE


def words(text: str) -> list[str]:
    """The words of a text, lower case. CKAN also stems them; we do not."""
    return re.findall(r"\w+", text.lower())


def _text_test(q: str | Mapping[str, str], table: Table) -> Test:
    """Every word must be there: in any column that repeats, or for ``{"field": "words"}`` in that column."""
    if isinstance(q, str):
        wanted = set(words(q))
        return lambda row: wanted <= row_words(row)
    parts = [(table.names.index(name), set(words(str(text)))) for name, text in q.items() if name in table.names]
    return lambda row: all(wanted <= row_words(row[at : at + 1]) for at, wanted in parts)


def row_words(row: Sequence[object]) -> set[str]:
    """The words of some cells, as CKAN's full-text search sees them."""
    texts = (json.dumps(v, ensure_ascii=False) if isinstance(v, (list, dict)) else v for v in row)
    return {word for text in texts if isinstance(text, str) for word in words(text)}


def ranks(q: str | Mapping[str, str], table: Table) -> dict[str, list[object]]:
    """The columns that CKAN adds for ``q``: ``rank``, or ``rank <field>`` for each field; a value for each tail."""
    if isinstance(q, str):
        return {"rank": [_rank(words(q), tail) for tail in table.tails]}
    found: dict[str, list[object]] = {}
    for name, text in q.items():
        at = table.names.index(name)
        found[f"rank {name}"] = [_rank(words(str(text)), tail[at : at + 1]) for tail in table.tails]
    return found


def _rank(wanted: Sequence[str], row: Sequence[object]) -> float:
    text = " ".join(plain_text(value) for value in row if value is not None).lower()
    hits = sum(text.count(word) for word in wanted)
    return round(hits / (hits + 15.45), 8)
