"""What has to be known of a resource, and of the CKAN that holds it, before its rows are asked for."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from pyroaring import BitMap64

from packager.errors import QueryRejected, SourceBusy
from packager.streaming.http import HttpClient
from packager.streaming.notes import Note
from packager.streaming.sources.ckan_paging import SPARSEST, both
from packager.streaming.sources.ckan_response import Answer, RowDecoder, read_answer
from packager.streaming.sources.completeness import Count
from packager.streaming.sources.row_ids import ID
from packager.streaming.types import Field, Query, Shape

#: Matches no row, in every CKAN.
NO_ID = {ID: -1}
#: Matches every row (ids count up from 1), and makes CKAN 2.12 count instead of telling a stored total.
EVERY_ID = {ID: {"gte": -(2**53)}}


@dataclass(frozen=True)
class Capabilities:
    """What a resource and its CKAN can do.

    ``claimed`` is the total as CKAN tells it to anybody; ``formats`` whether it knows ``records_format``; ``ranges``
    whether it has range filters and keyset paging (2.12 and later), by which the rows were ``counted``; ``backend`` the
    name of a foreign datastore.
    """

    fields: tuple[Field, ...]
    claimed: Count
    formats: bool
    has_id: bool
    ranges: bool
    backend: str | None
    counted: Count | None


class Search:
    """Asks ``datastore_search`` at ``url`` one query, in variations."""

    def __init__(self, client: HttpClient, url: str, query: Query) -> None:
        self.client = client
        self.url = url
        self.query = query

    @property
    def payload(self) -> dict[str, object]:
        """The query without its paging, as ``datastore_search`` takes it; what was not asked for is left out."""
        query = self.query
        named = {
            "filters": dict(query.filters) or None,
            "q": query.q or None,
            "plain": query.plain,
            "language": query.language,
            "fields": list(query.fields) or None,
            "sort": query.sort or None,
        }
        given = {name: value for name, value in named.items() if value is not None}
        return {"resource_id": query.resource_id, **given}

    def ask(self, extra: Mapping[str, object]) -> Answer:
        """The answer to the query with ``extra`` parameters."""
        return self.client.post(self.url, {**self.payload, **extra}, read_answer)

    def probe(self) -> Capabilities:
        """Learn what there is. Raises SourceError if the resource cannot be read or the query is not accepted."""
        query, empty = self.query, {"limit": 0, "include_total": True}
        answer = self._accepted({**empty, "records_format": "csv"})
        formats = answer is not None and answer.is_text  # an empty text instead of an empty list
        answer = answer or self.ask(empty)
        claimed, told = Count(answer.count, answer.total_was_estimated), answer.columns
        # CKAN adds ranks for ``q``; no column of its own has the type ``float``
        ranks = [f for f in told if query.q and f.type == "float" and f"{f.name} ".startswith("rank ")]
        fields = tuple(field for field in told if field not in ranks)
        if query.fields and answer.backend is None:
            whole = Search(self.client, self.url, Query(query.resource_id))
            told = whole.ask({"limit": 0, "include_total": False}).columns
        has_id = answer.backend is None and any(field.name == ID for field in told)
        counted = self._counts_by_range() if has_id else None
        # a server that takes a range for an equality finds nothing, though there are rows
        ranges = counted is not None and bool(
            counted.rows or not claimed.rows or self.ask({"limit": 1, "include_total": False}).is_empty
        )
        return Capabilities(fields, claimed, formats, has_id, ranges, answer.backend, counted if ranges else None)

    def count(self, capabilities: Capabilities) -> Count:
        """How many rows match now, as exactly as this CKAN can tell."""
        counted = self._counts_by_range() if capabilities.ranges else None
        if counted is not None:
            return counted
        answer = self.ask({"limit": 0, "include_total": True})
        return Count(answer.count, answer.total_was_estimated)

    def granted(self, capabilities: Capabilities, most: int) -> int:
        """How many rows CKAN gives at a time when asked for ``most``: it lowers ``limit`` without a word."""
        nowhere = {"filters": NO_ID} if capabilities.has_id else {"offset": capabilities.claimed.rows or 0}
        answer = self.ask({**nowhere, "limit": most, "include_total": False})
        return min(most, answer.limit) if isinstance(answer.limit, int) and answer.limit > 0 else most

    def extremes(self) -> tuple[int, int]:
        """The smallest and the largest ``_id`` of the whole table; (1, 0) if it is empty."""
        first, last = self.end("asc"), self.end("desc")
        return (1, 0) if first is None or last is None else (first, last)

    def up_to(self, top: int) -> int | None:
        """How many rows match now whose ``_id`` is at most ``top``. Only where there are range filters."""
        old = {"filters": both(self.query.filters, {ID: {"lte": top}}), "sort": ID, "limit": 1}
        return self.ask({**old, "include_next_page": True, "include_total": True}).count

    def ids(self, rows: int) -> BitMap64:
        """The ids of all rows that match now, asked for ``rows`` at a time."""
        found, place = BitMap64(), {"fields": [ID], "sort": ID, "include_total": False, "limit": rows}
        for page in itertools.count():
            answer = self.ask({**place, "offset": page * rows})
            ids = [row[0] for row in RowDecoder([Field(ID, "int")]).decode_all(answer.records)]
            found.update(ids)
            if len(ids) < rows:
                break
        return found

    def end(self, direction: str) -> int | None:
        """The smallest (``asc``) or largest (``desc``) ``_id`` that matches; None if no row does."""
        answer = self.ask({"fields": [ID], "sort": f"{ID} {direction}", "limit": 1, "include_total": False})
        rows = RowDecoder([Field(ID, "int")]).decode_all(answer.records)
        return rows[0][0] if rows else None

    def _accepted(self, extra: Mapping[str, object]) -> Answer | None:
        """The answer; None if it is how servers take a parameter that they do not know: 400, 409, and 500 from some."""
        try:
            return self.ask(extra)
        except (QueryRejected, SourceBusy) as error:
            if isinstance(error, SourceBusy) and error.params["status"] != 500:
                raise
            return None

    def _counts_by_range(self) -> Count | None:
        """The exact count; None if the server refuses range filters or takes no notice of them."""
        extra = {"filters": both(self.query.filters, EVERY_ID), "sort": ID, "limit": 1, "include_next_page": True}
        answer = self._accepted({**extra, "include_total": True})
        if answer is None or not (answer.next_page or answer.count == 0):
            return None
        return Count(answer.count)


def choose_shape(capabilities: Capabilities, query: Query, shapes: tuple[Shape, ...]) -> tuple[Shape, str | None]:
    """The first of ``shapes`` that can be had, and the ``records_format`` to ask for (None: the server's own).

    ``q`` together with ``lists`` is refused by CKAN up to 2.12 when it adds its rank.
    """
    for shape in shapes:
        if capabilities.formats and shape in (Shape.CSV, Shape.TSV):
            return shape, shape.value
        if shape is Shape.ROWS:
            return shape, "lists" if capabilities.formats and not query.q else _objects(capabilities)
        if shape is Shape.OBJECTS:
            return shape, _objects(capabilities)
    raise QueryRejected(reason=Note("no_delimited_text"))


def _objects(capabilities: Capabilities) -> str | None:
    return "objects" if capabilities.formats else None


def is_sparse(first: int, last: int, rows: int | None) -> bool:
    """Whether ranges of ids would bring too few rows each."""
    return rows is None or last - first + 1 > rows * SPARSEST
