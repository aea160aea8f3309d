"""``datastore_search``: from parameters to the bytes of its ``result``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from demo.catalogue import Resource
from demo.data import Column
from demo.errors import invalid
from demo.filters import filter_ops, ranks, where
from demo.parameters import Profile, Search, check_names
from demo.render import DELIMITERS, Style
from demo.table import Extra, Table, Where


@dataclass(frozen=True, slots=True)
class Twist:
    """What a fault changes in an answer: ``rows`` fewer rows (None: no rows at all), and another ``total``."""

    fewer: int = 0
    empty: bool = False
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A page: the records as the JSON text to send, and what stands around them."""

    head: dict[str, Any]
    records: bytes
    tail: dict[str, Any]

    def body(self, help_url: str) -> bytes:
        """The whole answer in CKAN's envelope."""
        head = json.dumps({"help": help_url, "success": True, "result": self.head})[:-2].encode()
        tail = json.dumps(self.tail)[1:].encode() + b"}"
        between = b", " if self.tail else b""
        return b"".join((head, b", " if self.head else b"", b'"records": ', self.records, between, tail))


def answer(resource: Resource, search: Search, profile: Profile, twist: Twist) -> Answer:
    """A page of the resource.

    Raises:
        Refused: what CKAN answers to parameters it does not take.
    """
    table = resource.table
    check_names(search, table.names, profile)
    if search.q and search.records_format == "lists":
        raise invalid(query=["Query is not a single statement."])
    ops = filter_ops(search.filters, table.names) if search.filters else None
    condition = where(ops, search.q, table)
    extra = _ranks(table, search)
    numbers = _twisted(_numbers(table, condition, search, profile, extra), twist)
    names = search.fields or [*table.names, *extra]
    style = Style(search.records_format, milliseconds=profile != Profile.V211, escaped=True)
    lines = table.write(numbers, names, style, extra, key=json.dumps(search.q) if extra else None)
    head, tail = _around(resource, search, profile, ops, names)
    if search.include_total:
        total = _total(resource, search, condition, profile)
        tail["total"] = total if twist.total is None else twist.total
        tail |= {"total_was_estimated": False} if profile == Profile.V211 else {}
    tail |= _continuation(numbers, search, profile)
    return Answer(head, _joined(lines, search.records_format), tail)


def _numbers(table: Table, condition: Where, search: Search, profile: Profile, extra: Extra) -> list[int]:
    if profile.is_ckan:
        keys = search.keys or [(name, True) for name in extra]
        return table.page(condition, keys, search.offset, search.limit, extra)
    in_full = [*search.keys, ("_id", False)]
    return table.page(condition, in_full, search.offset + _position(search, profile), search.limit)


def _position(search: Search, profile: Profile) -> int:
    """How many rows the cursor of a foreign datastore has passed."""
    if profile == Profile.SOLR:
        return int(search.cursor) if search.cursor not in (None, "*") else 0
    after = json.loads(search.after) if isinstance(search.after, str) else search.after
    return int(after[0]) if after else 0


def _twisted(numbers: list[int], twist: Twist) -> list[int]:
    return [] if twist.empty else numbers[: max(0, len(numbers) - twist.fewer)]


def _ranks(table: Table, search: Search) -> Extra:
    """The columns that CKAN adds for ``q`` (unless it was told which ones to give), and sorts by if not told how."""
    if not search.q:
        return {}
    found: Extra = table.remember(("ranks", json.dumps(search.q)), lambda: ranks(search.q, table))
    return found


def _around(
    resource: Resource, search: Search, profile: Profile, ops: dict[str, Any] | None, names: Sequence[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What stands before and after the records: with ``fields`` the columns come first, else after."""
    head, tail = dict(search.given), {}
    fields = field_list(resource.table.columns, names)
    if search.fields:
        head = {"fields": fields} | head
    else:
        tail["fields"] = fields
    if ops and profile == Profile.V212:
        head["filterops"] = ops
    if not profile.is_ckan:
        head["_backend"] = profile.value
    return head, tail


def field_list(columns: Sequence[Column], names: Sequence[str]) -> list[dict[str, Any]]:
    """The columns as CKAN lists them, with their entry in the data dictionary, if they have one."""
    by_name = {column.name: column for column in columns}
    shown = [by_name.get(name, Column(name, "float")) for name in names]
    return [{"id": c.name, "type": c.type} | ({"info": dict(c.info)} if c.info else {}) for c in shown]


def _total(resource: Resource, search: Search, condition: Where, profile: Profile) -> int:
    """Without any filter CKAN 2.12 gives the count it stored, which may be old; 2.11 counts."""
    unfiltered = not (search.filters or search.q)
    if unfiltered and profile == Profile.V212 and resource.stored_total is not None:
        return resource.stored_total
    return resource.table.count(condition)


def _continuation(numbers: list[int], search: Search, profile: Profile) -> dict[str, Any]:
    if not profile.is_ckan:
        return _cursor(len(numbers), search, profile)
    if not (search.include_next_page and numbers):
        return {}
    keys = search.keys or ([] if search.q else [("_id", False)])
    if len(keys) == 1 and keys[0][0] == "_id":
        descending = keys[0][1]
        return {"next_page": {"_id": {"lt" if descending else "gt": numbers[-1]}}}
    return {}


def _cursor(count: int, search: Search, profile: Profile) -> dict[str, Any]:
    """Where to go on: Solr repeats its cursor at the end, the other one has no more."""
    reached = _position(search, profile) + count
    if profile == Profile.VERSIONED:
        return {"after": [reached] if count else None}
    return {"next_cursor": str(reached) if count else search.cursor} if search.cursor is not None else {}


def _joined(lines: list[bytes], records_format: str) -> bytes:
    if records_format in DELIMITERS:
        return b'"' + b"".join(lines) + b'"'
    return b"[" + b",".join(lines) + b"]"
