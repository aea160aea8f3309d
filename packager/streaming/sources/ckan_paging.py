"""How the rows of a query are divided into requests.

Each plan yields jobs; a job fetches one batch. Plans that only know the next request from the last answer say so with
``parallel = False``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Protocol

from packager.errors import AnswerMalformed, AnswerTooLarge, RowTooLarge
from packager.streaming.sources.ckan_response import Batch

Job = Callable[[], Batch]
Filters = Mapping[str, Any]

#: Bytes of an answer that pages aim at: large enough to be fast, small enough to hold several in memory.
PAGE_BYTES = 8_000_000
#: A page has at most so many times the rows of the largest before it: how wide rows are shows only once they came.
GROWTH = 256
#: Ids may be so much sparser than rows before their ranges cost more requests than they save.
SPARSEST = 3


class Fetch(Protocol):
    """Asks for ``limit`` rows at a place (further parameters of ``datastore_search``); no more than CKAN grants.

    ``least``: rows that must come if nothing was deleted; when fewer come, they are asked for once more.
    """

    def __call__(self, limit: int, place: Mapping[str, object], least: int = 0) -> Batch: ...


class Plan(Protocol):
    """Requests that together bring every row once, in order."""

    parallel: ClassVar[bool]
    #: 1 or -1 where ids rise or fall from row to row, 0 where pages go by position or by the server's tokens.
    direction: int

    def jobs(self) -> Iterator[Job]:
        """The requests. The first one is run alone, before the second is asked for."""


class PageSizer:
    """How many rows to ask for: as many as fit the bytes aimed at, and no more than CKAN grants."""

    def __init__(self, most: int, target: int = PAGE_BYTES) -> None:
        self.rows = 1
        self.most = max(1, most)
        self._target = target
        self._largest = 1
        self._row_bytes = 0.0

    def shrink(self, rows: int) -> None:
        """So many rows were too large for one answer."""
        self.rows = max(1, min(self.rows, rows) // 2)

    def saw(self, batch: Batch) -> None:
        """Learn from an answer how wide rows are."""
        if not batch.count:
            return
        self._largest = max(self._largest, batch.count)
        width = batch.size / batch.count
        self._row_bytes = max(width, (self._row_bytes + width) / 2)
        self.rows = max(1, min(int(self._target / self._row_bytes), self._largest * GROWTH, self.most))


def both(filters: Filters, more: Filters) -> Filters:
    """Filters that ask for the two together. Merged with ``$and`` where they touch the same columns."""
    if not filters.keys() & more.keys() and not any(name.startswith("$") for name in filters):
        return {**filters, **more}
    return {"$and": [dict(filters), dict(more)]}


def followed(batch: Batch, more: Job) -> Batch:
    """``batch``, with what ``more`` fetches behind it."""
    return replace(batch, rest=(*batch.rest, more))


def fetch_smaller(
    fetch: Fetch, sizer: PageSizer, left: int | None, place: Mapping[str, object], due: int = 0
) -> tuple[Batch, int]:
    """A batch, and how many rows were asked for: at most ``left``, and half of them where that was too much.

    ``due``: how many rows are still to come if nothing was deleted. Raises RowTooLarge.
    """
    while True:
        rows = sizer.rows if left is None else min(sizer.rows, left)
        try:
            return fetch(rows, place, min(rows, due)), rows
        except AnswerTooLarge as error:
            _refuse_one(rows, error)
            sizer.shrink(rows)


def _refuse_one(rows: int, error: AnswerTooLarge) -> None:
    if rows == 1:
        raise RowTooLarge(most=int(str(error.params["most"]))) from error


class RangePlan:
    """Ranges of ``_id``, fetched side by side. For whole tables in CKAN 2.12 and later.

    A range is never wider than the limit that CKAN grants, so that it cannot be cut. ``dense``: there are no gaps, so
    that each range has as many rows as ids.
    """

    parallel: ClassVar[bool] = True
    direction = 1

    def __init__(self, fetch: Fetch, sizer: PageSizer, first: int, last: int, *, dense: bool) -> None:
        self._fetch, self._sizer, self._dense = fetch, sizer, dense
        self._first, self.last = first, last

    def jobs(self) -> Iterator[Job]:
        start = self._first
        while start <= self.last:
            end = min(start + self._sizer.rows - 1, self.last)
            yield partial(self._range, start, end)
            start = end + 1

    def _range(self, start: int, end: int) -> Batch:
        width = end - start + 1
        place = {"filters": {"_id": {"gte": start, "lte": end}}}
        try:
            return self._fetch(width, place, width if self._dense else 0)
        except AnswerTooLarge as error:
            middle = (start + end) // 2
            _refuse_one(width, error)
            return followed(self._range(start, middle), partial(self._range, middle + 1, end))


class OffsetPlan:
    """Pages by offset, side by side, until one is not full. Everywhere."""

    parallel: ClassVar[bool] = True
    direction = 0

    def __init__(self, fetch: Fetch, sizer: PageSizer, offset: int, limit: int | None, total: int | None) -> None:
        self._fetch, self._sizer = fetch, sizer
        self._offset, self._limit, self._total = offset, limit, total
        self._ended = False

    def jobs(self) -> Iterator[Job]:
        offset, left = self._offset, self._limit
        while not self._ended and left != 0:
            rows = self._sizer.rows if left is None else min(self._sizer.rows, left)
            yield partial(self._page, offset, rows)
            offset += rows
            left = None if left is None else left - rows

    def _page(self, offset: int, rows: int) -> Batch:
        least = 0 if self._total is None else min(rows, self._total - offset)
        try:
            batch = self._fetch(rows, {"offset": offset}, least)
        except AnswerTooLarge as error:
            half = rows // 2
            _refuse_one(rows, error)
            return followed(self._page(offset, half), partial(self._page, offset + half, rows - half))
        self._ended = self._ended or batch.count < rows
        return batch


class KeysetPlan:
    """Each page begins behind the last ``_id`` of the one before. CKAN 2.12 and later.

    Not where ``include_next_page`` says: CKAN asks for that in a statement of its own, and in a table that changes in
    between it skips rows (seen with CSV on 2.12.0).
    """

    parallel: ClassVar[bool] = False

    def __init__(
        self,
        fetch: Fetch,
        sizer: PageSizer,
        filters: Filters,
        offset: int,
        limit: int | None,
        total: int | None,
        *,
        falling: bool,
    ) -> None:
        self.direction = -1 if falling else 1
        self._fetch, self._sizer, self._filters = fetch, sizer, filters
        self._place: Mapping[str, object] = {"offset": offset} if offset else {}
        self._left = limit
        self._due = 0 if total is None else max(0, total - offset)
        self._ended = limit == 0

    def jobs(self) -> Iterator[Job]:
        while not self._ended:
            yield self._page

    def _page(self) -> Batch:
        batch, rows = fetch_smaller(self._fetch, self._sizer, self._left, self._place, self._due)
        self._left = None if self._left is None else max(0, self._left - batch.count)
        self._due = max(0, self._due - batch.count)
        self._ended = batch.count < rows or self._left == 0
        if not self._ended:
            if not batch.ids:
                raise AnswerMalformed("a full page without ids")
            beyond = {"gt" if self.direction > 0 else "lt": batch.ids[-1]}
            self._place = {"filters": both(self._filters, {"_id": beyond})}
        return batch


class TokenPlan:
    """Each answer holds the token that leads to the next page: the backends of the Natural History Museum, London.

    ``solr`` begins with the cursor ``*`` and ends when the cursor stays the same (the protocol of Solr's
    ``cursorMark``); ``versioned-datastore`` begins without ``after`` and ends when none comes.
    """

    parallel: ClassVar[bool] = False
    direction = 0

    def __init__(self, fetch: Fetch, sizer: PageSizer, backend: str, limit: int | None) -> None:
        self._fetch, self._sizer, self._left = fetch, sizer, limit
        self._solr = backend == "solr"
        self._token: Any = "*" if self._solr else None
        self._ended = limit == 0

    def jobs(self) -> Iterator[Job]:
        while not self._ended:
            yield self._page

    def _page(self) -> Batch:
        named = {} if self._token is None else {"cursor" if self._solr else "after": self._token}
        batch, _ = fetch_smaller(self._fetch, self._sizer, self._left, named)
        self._left = None if self._left is None else max(0, self._left - batch.count)
        following = batch.answer.next_cursor if self._solr else batch.answer.after
        self._ended = not batch.count or following in (None, self._token) or self._left == 0
        self._token = following
        return batch
