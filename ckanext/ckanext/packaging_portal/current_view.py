"""What a visitor sees of a table, as a query of ``datastore_search``.

It is written in the page's address, kept in the view, and done by the visitor in the table itself. Plain functions,
without CKAN. The rules are those of ``datatablesview.blueprint.filtered_download`` in CKAN 2.11 and 2.12, so that a
package has the rows and columns that CKAN's own "Filtered download" would give for the same table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

Query = dict[str, Any]
Filters = dict[str, list[str]]
#: What CKAN's table view takes for a letter of a word; anything else becomes a wildcard.
NO_LETTER = re.compile(r"[^0-9a-zA-Z\-]+")
IN_ADDRESS = ("filters", "q", "sort", "fields", "limit", "offset")


class BadQuery(ValueError):
    """A part of the query is not what it should be. Names the field and says, in English, what it must be."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


def of_address(address: Mapping[str, str]) -> Query:
    """The query in the parameters of an address. Raises BadQuery for a limit or offset that is no whole number."""
    query: Query = {name: address[name] for name in ("sort", "limit", "offset") if address.get(name)}
    if filters := filters_of(address.get("filters", "")):
        query["filters"] = filters
    if address.get("q"):
        query["q"] = _text_or_object(address["q"])
    if address.get("fields"):
        query["fields"] = [name.strip() for name in address["fields"].split(",") if name.strip()]
    for name in ("limit", "offset"):
        if name in query:
            query[name] = _whole_number(name, query[name])
    return query


def filters_of(text: str) -> Filters:
    """``name:value|name:value``, each part percent-encoded once more, as ``decode_view_request_filters`` reads it."""
    filters: Filters = {}
    for part in filter(None, text.split("|")):
        name, _, value = (unquote(side) for side in part.partition(":"))
        values = filters.setdefault(name, [])
        if value not in values:
            values.append(value)
    return filters


def merged(of_view: Mapping[str, Any], of_visitor: Mapping[str, Any]) -> dict[str, Any]:
    """The filters of a view and those of its visitor. For a column that both name, CKAN takes the values of both."""
    named = [name for name in of_visitor if name in of_view]
    both = {name: list(dict.fromkeys([*of_visitor[name], *_listed(of_view[name])])) for name in named}
    return {**of_view, **of_visitor, **both}


def of_view(view: Mapping[str, Any], asked: Query, columns: Sequence[str]) -> Query:
    """What the address asks for, seen through a view that has filters and columns of its own."""
    filters = merged(view.get("filters") or {}, asked.get("filters", {}))
    return plainly({"fields": _shown(view, columns), **asked, "filters": filters}, columns)


def of_table(view: Mapping[str, Any], filters: Filters, state: Mapping[str, Any], columns: Sequence[str]) -> Query:
    """What the visitor did in a table view, as CKAN's "Filtered download" reads it.

    ``state``: ``search`` (a word for all columns), ``columns`` (words for single ones), ``order`` (number of a column,
    direction) and ``hidden`` (numbers of columns). ``columns``: those of the table, ``_id`` first. Raises BadQuery.
    """
    try:
        shown = _shown(view, columns)
        order = ",".join(f"{shown[int(number)]} {_direction(way)}" for number, way in state.get("order") or [])
        hidden = {int(number) for number in state.get("hidden") or []}
        words = {str(name): wildcard(str(word)) for name, word in (state.get("columns") or {}).items() if word}
        search = str(state.get("search") or "")
    except (TypeError, ValueError, IndexError, AttributeError) as problem:
        raise BadQuery("table", "is not the state of a table") from problem
    query: Query = {"filters": merged(view.get("filters") or {}, filters), "sort": order}
    query["fields"] = [name for number, name in enumerate(shown) if number not in hidden]
    if words or search:
        query |= {"q": words or wildcard(search), "plain": False, "language": "simple"}
    return plainly(query, columns)


def wildcard(word: str) -> str:
    """What CKAN's table view makes of a word: a prefix to look for."""
    return f"{NO_LETTER.sub('_', word)}:*"


def plainly(query: Query, columns: Sequence[str]) -> Query:
    """The query without what would be so anyway: all columns, sorted by ``_id``, no filters."""
    usual = {"fields": [list(columns)], "sort": ["_id", "_id asc"]}
    given = {name: value for name, value in query.items() if value not in (None, "", [], {})}
    return {name: value for name, value in given.items() if value not in usual.get(name, [])}


def without(query: Query, part: str) -> Query:
    """The query without one part that ``parts`` named."""
    name, _, key = part.partition(".")
    rest = {other: value for other, value in query.items() if other != name}
    if key and isinstance(query.get(name), dict):
        kept = {column: value for column, value in query[name].items() if column != key}
        rest |= {name: kept} if kept else {}
    if "q" not in rest:
        rest = {other: value for other, value in rest.items() if other not in ("plain", "language")}
    return rest


def parts(query: Query) -> list[tuple[str, str, Any]]:
    """What can be taken out one by one: its name for ``without``, the column it is about or nothing, and its value."""
    found: list[tuple[str, str, Any]] = []
    for name in IN_ADDRESS:
        value = query.get(name)
        if isinstance(value, dict):
            found += [(f"{name}.{column}", column, wanted) for column, wanted in value.items()]
        elif value not in (None, "", 0):
            found.append((name, "", value))
    return found


def _shown(view: Mapping[str, Any], columns: Sequence[str]) -> list[str]:
    shown = view.get("show_fields")
    return [name for name in columns if "show_fields" not in view or name in _listed(shown)]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _direction(way: Any) -> str:
    return "desc" if way == "desc" else "asc"


def _text_or_object(text: str) -> Any:
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return found if isinstance(found, dict) else text


def _whole_number(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise BadQuery(name, "must be a whole number")
    return int(text)
