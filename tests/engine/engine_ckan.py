"""The stand-in as the engine's tests use it: small pages, short pauses."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from demo.ckan import DemoCkan
from packager.streaming.http import AddressRule, RetryPolicy
from packager.streaming.sources.ckan import CkanSource, CkanTable
from packager.streaming.types import Query, Shape, Value

#: Tries as often as in earnest, but hardly pauses.
HASTY = RetryPolicy(connect=5, read=5, attempts=4, base_delay=0.001, longest_delay=0.05)


def source(ckan: DemoCkan, **settings) -> CkanSource:
    """A source of the stand-in."""
    settings = {"page_size": 300, "retry_policy": HASTY, **settings}
    return CkanSource(ckan.api_url, rule=AddressRule((ckan.host,)), **settings)


def open_table(ckan: DemoCkan, name: str = "specimens", shape: Shape = Shape.CSV, **query) -> CkanTable:
    """A table of one of the stand-in's resources."""
    return source(ckan).open(Query(ckan.id(name), **query), [shape])


def text_of(table: CkanTable) -> bytes:
    """All the rows of a table that comes as text."""
    return b"".join(chunk for page in table.pages() for chunk in page.chunks)


def rows_of(table: CkanTable) -> list[Sequence[Value]]:
    """All the rows of a table that comes as values."""
    return [row for page in table.pages() for row in page.rows]


def ids_of(table: CkanTable) -> list[int]:
    """The first column of a table that comes as text."""
    return [int(row[0]) for row in csv.reader(io.StringIO(text_of(table).decode(), newline=""))]


def body_of(ckan: DemoCkan, name: str) -> bytes:
    """What CKAN's own dump holds after the header line."""
    return ckan.csv(name).partition(b"\n")[2]


def searches(ckan: DemoCkan) -> list[dict]:
    """The parameters of every request for rows: neither probes nor counts."""
    asked = [r.parameters for r in ckan.requests if r.path.endswith("datastore_search")]
    asked = [p for p in asked if p.get("include_total") is False]
    return [p for p in asked if p.get("limit") and p.get("fields") != ["_id"] and p.get("filters") != {"_id": -1}]
