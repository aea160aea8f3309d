"""Rows of CKAN's datastore, read through ``datastore_search`` of CKAN 2.9 to 2.12.

The API: https://docs.ckan.org/en/2.11/maintaining/datastore.html#ckanext.datastore.logic.action.datastore_search
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from packager.errors import AnswerMalformed, SourceError
from packager.streaming.http import AddressRule, Clients, HttpClient, RetryPolicy
from packager.streaming.notes import Note
from packager.streaming.sources.ckan_paging import KeysetPlan, OffsetPlan, PageSizer, Plan, RangePlan, TokenPlan
from packager.streaming.sources.ckan_probe import ID, Capabilities, Search, choose_shape, is_sparse
from packager.streaming.sources.ckan_response import Batch, RowDecoder, read_batch
from packager.streaming.sources.completeness import Count, Window, reconcile, wished_limit
from packager.streaming.sources.prefetch import Ahead
from packager.streaming.types import Field, Page, Query, Shape

#: The orders for which CKAN can tell where the next page begins.
BY_ID = frozenset({ID, f"{ID} asc", f"{ID} desc"})


class CkanSource:
    """Reads resources from the CKAN whose ``datastore_search`` is at ``api_url``.

    Args:
        api_url: ``https://host/api/action/datastore_search`` or ``.../api/3/action/datastore_search``.
        key: API key or token, sent as ``Authorization`` to that host only.
        rule: where connections may go.
        page_size: the most rows asked for at a time.
        connections: requests at a time, where they do not depend on each other.
        retry_policy: timeouts and retries.

    Raises:
        AddressForbidden: ``api_url`` is not one that may be read.
    """

    def __init__(
        self,
        api_url: str,
        *,
        key: str | None = None,
        rule: AddressRule | None = None,
        page_size: int = 32_000,
        connections: int = 2,
        retry_policy: RetryPolicy | None = None,
    ) -> None:
        self._url = api_url
        self._key = key
        self._rule = rule or AddressRule()
        self._page_size = page_size
        self._connections = connections
        self._retry_policy = retry_policy
        self._clients = Clients()
        self._rule.check_url(api_url)

    def open(self, query: Query, shapes: Sequence[Shape]) -> CkanTable:
        """See ``TableSource.open``."""
        client = self._client()
        try:
            search = Search(client, self._url, query)
            capabilities = search.probe()
            return CkanTable(
                search, capabilities, tuple(shapes), page_size=self._page_size, connections=self._connections
            )
        except BaseException:
            client.close()
            raise

    def describe(self, resource_id: str) -> Mapping[str, object]:
        """See ``Describes.describe``."""
        client = self._client()
        try:
            resource = self._show(client, "resource_show", resource_id)
            dataset = self._show(client, "package_show", resource.get("package_id"))
        finally:
            client.close()
        found = {"resource": resource, "dataset": dataset}
        return {name: value for name, value in found.items() if value}

    def close(self) -> None:
        """See ``TableSource.close``."""
        self._clients.close()

    def _client(self) -> HttpClient:
        client = HttpClient(
            self._rule, key=self._key, key_for=self._url, retry_policy=self._retry_policy, connections=self._connections
        )
        return self._clients.add(client)

    def _show(self, client: HttpClient, action: str, identifier: object) -> dict[str, Any]:
        if not identifier:
            return {}
        url = f"{self._url.rpartition('/')[0]}/{action}"
        try:
            found = client.post(url, {"id": identifier}, msgspec.json.decode)["result"]
        except (SourceError, msgspec.MsgspecError, KeyError, TypeError):
            return {}
        return found if isinstance(found, dict) else {}


class CkanTable:
    """The rows of one query. See ``Table``."""

    def __init__(
        self, search: Search, capabilities: Capabilities, shapes: tuple[Shape, ...], *, page_size: int, connections: int
    ) -> None:
        query = search.query
        self._window = Window(query.offset, wished_limit(query.limit, query.offset, capabilities.claimed.rows))
        self._capabilities = capabilities
        self._shape, self._records_format = choose_shape(capabilities, query, shapes)
        self._search = Search(search.client, search.url, self._complete(query))
        self._before = Count(0) if self._window.limit == 0 else self._search.count(capabilities)
        self._decoder = RowDecoder(capabilities.fields)
        self._page_size = page_size
        self._connections = connections
        self._sizer = PageSizer(page_size)
        self._shifting = False
        self._ahead: Ahead[Batch] | None = None
        self._notes: list[Note] = []

    @property
    def fields(self) -> Sequence[Field]:
        """The columns."""
        return self._capabilities.fields

    @property
    def shape(self) -> Shape:
        """How the pages come."""
        return self._shape

    @property
    def expected(self) -> int | None:
        """How many rows will come, as far as CKAN says."""
        return None if self._before.rows is None else self._window.of(self._before.rows)

    @property
    def notes(self) -> Sequence[Note]:
        """What could not be known about the wholeness."""
        return tuple(self._notes)

    def pages(self) -> Iterator[Page]:
        """See ``Table.pages``."""
        if self._window.limit == 0:
            return
        rows = 0
        try:
            for batch in self._batches():
                for page in batch.pages():
                    rows += page.count
                    yield page
            after = self._search.count(self._capabilities)
            self._notes += reconcile(self._before, after, self._window, rows, shifting=self._shifting)
            self._notes += self._beyond_limit(rows)
        finally:
            self.close()

    def _beyond_limit(self, rows: int) -> list[Note]:
        asked = self._search.query.limit
        return [Note("limit_means_all", {"limit": asked})] if asked is not None and rows > asked else []

    def close(self) -> None:
        """See ``Table.close``."""
        if self._ahead is not None:
            self._ahead.close()
        self._search.client.close()
        if self._ahead is not None:
            self._ahead.join(1.0)

    def _complete(self, query: Query) -> Query:
        """The query with what CKAN needs to page stably and to add no column: an order, and with ``q`` the columns."""
        fields = query.fields
        if query.q and not fields:
            fields = tuple(field.name for field in self._capabilities.fields)
        return replace(query, fields=fields, sort=self._order(query.sort))

    def _order(self, sort: str | None) -> str | None:
        if not self._capabilities.has_id or (sort and sort.strip() in BY_ID):
            return sort
        return f"{sort}, {ID}" if sort else ID

    def _batches(self) -> Iterator[Batch]:
        self._sizer = PageSizer(self._search.granted(self._capabilities, self._page_size))
        plan = self._plan()
        self._shifting = isinstance(plan, OffsetPlan)
        jobs = plan.jobs()
        first = next(jobs, None)
        if first is None:
            return
        yield first()
        self._ahead = Ahead(jobs, self._connections if plan.parallel else 1)
        yield from self._ahead

    def _plan(self) -> Plan:
        query, window, total = self._search.query, self._window, self._before.known
        if self._capabilities.backend in ("solr", "versioned-datastore") and not window.offset:
            return TokenPlan(self._fetch, self._sizer, self._capabilities.backend, window.limit)
        if not self._capabilities.ranges or query.sort not in BY_ID:
            return OffsetPlan(self._fetch, self._sizer, window.offset, window.limit, total)
        return self._range_plan() or KeysetPlan(
            self._fetch, self._sizer, query.filters, window.offset, window.limit, total
        )

    def _range_plan(self) -> RangePlan | None:
        query = self._search.query
        if query.filters or query.q or query.sort == f"{ID} desc" or self._window != Window(0, None):
            return None
        first, last = self._search.extremes()
        rows = self._before.known
        if is_sparse(first, last, rows):
            return None
        return RangePlan(self._fetch, self._sizer, first, last, dense=rows == last - first + 1)

    def _fetch(self, limit: int, place: Mapping[str, object], least: int = 0) -> Batch:
        extra = {"limit": limit, **place}
        batch = self._batch(extra)
        if batch.count < least:
            batch = self._batch(extra)
        if isinstance(batch.answer.limit, int) and batch.answer.limit < limit:
            raise AnswerMalformed(f"the limit was lowered to {batch.answer.limit} after {limit} had been granted")
        self._sizer.saw(batch)
        return batch

    def _batch(self, extra: Mapping[str, object]) -> Batch:
        asked = {"include_total": False, **extra}
        if self._records_format:
            asked["records_format"] = self._records_format
        payload = {**self._search.payload, **asked}
        return self._search.client.post(
            self._search.url, payload, lambda body: read_batch(body, self._shape, self._decoder)
        )
