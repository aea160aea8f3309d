"""Rows of CKAN's datastore, read through ``datastore_search`` of CKAN 2.9 to 2.12.

The API: https://docs.ckan.org/en/2.11/maintaining/datastore.html#ckanext.datastore.logic.action.datastore_search
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from packager.errors import AnswerMalformed, ChangedWhileRead, IncompleteData, SourceError
from packager.streaming.http import MOST_BYTES, AddressRule, Clients, HttpClient, RetryPolicy
from packager.streaming.notes import Note
from packager.streaming.sources.ckan_paging import KeysetPlan, OffsetPlan, PageSizer, Plan, RangePlan, TokenPlan
from packager.streaming.sources.ckan_probe import Capabilities, Search, choose_shape, is_sparse
from packager.streaming.sources.ckan_response import Batch, RowDecoder, read_batch
from packager.streaming.sources.completeness import Count, Window, reconcile, wished_limit
from packager.streaming.sources.prefetch import Ahead
from packager.streaming.sources.row_ids import ID, IdColumn
from packager.streaming.sources.row_watch import RowWatch
from packager.streaming.types import Field, Page, Query, Shape

#: The orders for which CKAN can tell where the next page begins.
BY_ID = frozenset({ID, f"{ID} asc", f"{ID} desc"})
#: Pages that may be taken apart, or wait for their turn, while all connections are busy with further ones. With two, a
#: worker needed up to 210 MiB.
BEYOND = 1
#: Every row.
WHOLE = Window(0, None)


class CkanSource:
    """Reads resources from the CKAN whose ``datastore_search`` is at ``api_url``.

    Args:
        api_url: ``https://host/api/action/datastore_search`` or ``.../api/3/action/datastore_search``.
        key: API key or token, sent as ``Authorization`` to that host only.
        rule: where connections may go.
        page_size: the most rows asked for at a time.
        connections: requests at a time, where they do not depend on each other.
        retry_policy: timeouts and retries.
        max_page_bytes: the largest answer that is taken; a page above it is asked for again in halves.

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
        max_page_bytes: int = MOST_BYTES,
    ) -> None:
        self.url = api_url
        self._max_page_bytes = max_page_bytes
        self._key = key
        self._rule = rule or AddressRule()
        self._page_size = page_size
        self._connections = connections
        self._retry_policy = retry_policy
        self._clients = Clients()
        self._rule.check_url(api_url)

    def open(self, query: Query, shapes: Sequence[Shape]) -> CkanTable:
        """See ``TableSource.open``."""
        client = self.client()
        try:
            search = Search(client, self.url, query)
            capabilities = search.probe()
            return CkanTable(
                search, capabilities, tuple(shapes), page_size=self._page_size, connections=self._connections
            )
        except BaseException:
            client.close()
            raise

    def describe(self, resource_id: str) -> Mapping[str, object]:
        """See ``Describes.describe``."""
        client = self.client()
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

    def client(self) -> HttpClient:
        """A new client for this CKAN, with the key. It is closed with the source at the latest."""
        client = HttpClient(
            self._rule,
            key=self._key,
            key_for=self.url,
            retry_policy=self._retry_policy,
            connections=self._connections,
            most=self._max_page_bytes,
        )
        return self._clients.add(client)

    def _show(self, client: HttpClient, action: str, identifier: object) -> dict[str, Any]:
        if not identifier:
            return {}
        url = f"{self.url.rpartition('/')[0]}/{action}"
        try:
            found = client.post(url, {"id": identifier}, msgspec.json.decode)["result"]
        except (SourceError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError, TypeError):
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
        self._columns = self._search.query.fields or tuple(field.name for field in capabilities.fields)
        # ``_id`` is fetched along, since by it rows that come twice are known
        unasked = capabilities.has_id and not any(field.name == ID for field in capabilities.fields)
        self._column = IdColumn(self._columns.index(ID), hidden=unasked) if capabilities.has_id else None
        nothing = Count(0) if self._window.limit == 0 else None
        self._before = nothing or capabilities.counted or self._search.count(capabilities)
        self._decoder = RowDecoder([*([Field(ID, "int")] if unasked else []), *capabilities.fields])
        self._page_size = page_size
        self._connections = connections
        self._sizer = PageSizer(page_size)
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
        try:
            self._sizer = PageSizer(self._search.granted(self._capabilities, self._page_size))
            plan = self._plan()
            names = None if self._capabilities.backend else self._columns
            watch = RowWatch(names, plan.direction, plan.last if isinstance(plan, RangePlan) else self._top())
            for batch in self._batches(plan):
                watch.see(batch)
                yield from batch.pages()
            self._notes += self._reconciled(plan, watch)
            asked = self._search.query.limit
            if asked is not None and watch.rows > asked:
                self._notes.append(Note("limit_means_all", {"limit": asked}))
        finally:
            self.close()

    def _top(self) -> int | None:
        """The largest id there is now; None where ids cannot tell what was added."""
        return self._search.end("desc") if self._column is not None and self._window == WHOLE else None

    def _reconciled(self, plan: Plan, watch: RowWatch) -> list[Note]:
        """What is to be said about the completeness. Raises IncompleteData, ChangedWhileRead."""
        after = self._search.count(self._capabilities)
        if self._column is None or self._before.known is None or after.known is None:
            return reconcile(self._before, after, self._window, watch.rows, shifting=isinstance(plan, OffsetPlan))
        if plan.direction or not self._moved(after, watch):
            try:
                return reconcile(self._before, after, self._window, watch.rows)
            except IncompleteData:
                # one by one behind each other, none can be one too many: they were added before reading began
                surplus = self._window == WHOLE and watch.rows > self._before.known
                if not surplus and not self._moved(after, watch):
                    raise
        if not self._nothing_missed(plan, watch, after):
            raise ChangedWhileRead(f"{self._before.rows} rows at first, {after.rows} in the end, {watch.rows} read")
        return [Note("rows_changed", {"before": self._before.known, "after": after.known})]

    def _moved(self, after: Count, watch: RowWatch) -> bool:
        return self._before != after or self._top() not in (None, watch.top)

    def _nothing_missed(self, plan: Plan, watch: RowWatch, after: Count) -> bool:
        """Whether it can be shown that all rows that stayed have come, although others came and went."""
        if watch.batches == 1:
            return True
        if self._window != WHOLE:
            return False
        if watch.top is None:
            return True
        if plan.direction:
            stayed = self._search.up_to(watch.top)
            return stayed is not None and watch.old >= stayed
        ids = self._search.ids(self._sizer.most)
        least, most = sorted((after.rows or 0, self._search.count(self._capabilities).rows or 0))
        return least <= len(ids) <= most and watch.has_seen(ids)

    def close(self) -> None:
        """See ``Table.close``."""
        if self._ahead is not None:
            self._ahead.close()
        self._search.client.close()
        if self._ahead is not None:
            self._ahead.join(1.0)

    def _complete(self, query: Query) -> Query:
        """The query with what CKAN needs to page stably and to add no column: an order, ``_id``, with ``q`` columns."""
        fields, sort, has_id = query.fields, query.sort, self._capabilities.has_id
        if query.q and not fields:
            fields = tuple(field.name for field in self._capabilities.fields)
        if fields and has_id and ID not in fields:
            fields = (ID, *fields)
        if has_id and not (sort and sort.strip() in BY_ID):
            sort = f"{sort}, {ID}" if sort else ID
        return replace(query, fields=fields, sort=sort)

    def _batches(self, plan: Plan) -> Iterator[Batch]:
        jobs = plan.jobs()
        first = next(jobs, None)
        if first is None:
            return
        yield from _flat(first())
        self._ahead = Ahead(jobs, self._connections + BEYOND if plan.parallel else 1)
        for batch in self._ahead:
            yield from _flat(batch)

    def _plan(self) -> Plan:
        query, window, total = self._search.query, self._window, self._before.known
        if self._capabilities.backend in ("solr", "versioned-datastore") and not window.offset:
            return TokenPlan(self._fetch, self._sizer, self._capabilities.backend, window.limit)
        if not self._capabilities.ranges or query.sort not in BY_ID:
            return OffsetPlan(self._fetch, self._sizer, window.offset, window.limit, total)
        falling = query.sort == f"{ID} desc"
        if not (query.filters or query.q or falling) and window == WHOLE:
            first, last = self._search.extremes()
            if not is_sparse(first, last, total):
                return RangePlan(self._fetch, self._sizer, first, last, dense=total == last - first + 1)
        return KeysetPlan(self._fetch, self._sizer, query.filters, window.offset, window.limit, total, falling=falling)

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
            self._search.url, payload, lambda body: read_batch(body, self._shape, self._decoder, self._column)
        )


def _flat(batch: Batch) -> Iterator[Batch]:
    """A batch, and what was too large to come with it."""
    yield batch
    for more in batch.rest:
        yield from _flat(more())
