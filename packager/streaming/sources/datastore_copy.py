"""Rows of a table by COPY, all in one snapshot, by one cursor or by several side by side."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec
from psycopg2 import sql

from packager.errors import IncompleteData, SourceError
from packager.streaming import notes
from packager.streaming.notes import Note
from packager.streaming.sources.ckan_response import RowDecoder
from packager.streaming.sources.completeness import Window
from packager.streaming.sources.datastore_connection import Database, Session
from packager.streaming.sources.datastore_lanes import Lanes, Rows
from packager.streaming.sources.datastore_sql import QUOTE, Select
from packager.streaming.types import Field, ObjectsPage, Page, RowsPage, Shape, TextPage

#: Bytes of a page, and of what a cursor is given to read at a time, about.
BLOCK, RANGE = 1 << 20, 12 << 20
#: Bytes that may lie here unread.
ROOM = 24 << 20
WHOLE = Window(0, None)


@dataclass(frozen=True, slots=True)
class Extent:
    """How many rows will come, and the smallest and the largest ``_id`` among them (None if there are none)."""

    rows: int
    first: int | None
    last: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be read: the rows of ``select`` in ``window``, in a ``shape``.

    ``by_ranges``: cut into ranges of ``_id``, which side by side bring the same. ``width``: bytes of a row, about.
    """

    select: Select
    shape: Shape
    window: Window
    extent: Extent
    by_ranges: bool
    width: float


class DatastoreTable:
    """The rows of one query, as they are in the snapshot of ``session``. See ``Table``.

    Args:
        database: opens further sessions on that snapshot, up to ``cursors`` in all.
        fields: the columns of the plan's select.
        silence: the longest time without a row, in seconds.
    """

    def __init__(
        self,
        database: Database,
        session: Session,
        plan: Plan,
        fields: Sequence[Field],
        *,
        limit: int | None,
        cursors: int,
        silence: float,
    ) -> None:
        self.fields = fields
        self.shape = plan.shape
        self.expected = plan.extent.rows
        self.notes: list[Note] = []
        self._database, self._session, self._plan = database, session, plan
        self._limit, self._cursors = limit, cursors
        self._lanes = Lanes(ROOM, silence)
        self._threads: list[threading.Thread] = []
        self._decoder = RowDecoder([replace(field, name=str(at)) for at, field in enumerate(fields)])

    @property
    def statement(self) -> sql.Composable:
        """The COPY that brings all rows in one piece."""
        return self._plan.select.copy(self._plan.shape, self._plan.window)

    def pages(self) -> Iterator[Page]:
        """See ``Table.pages``."""
        rows = 0
        try:
            if self.expected:
                self._start()
                for block in self._lanes:
                    rows += len(block)
                    yield self._page(block)
            if rows != self.expected:
                raise IncompleteData(expected=notes.rows(self.expected, self.expected), got=rows)
            if self._limit is not None and rows > self._limit:
                self.notes.append(Note("limit_means_all", {"limit": self._limit}))
        finally:
            self.close()

    def close(self) -> None:
        """See ``Table.close``."""
        self._lanes.close()
        self._database.close()
        for thread in self._threads:
            thread.join(1.0)
        self._session.close()

    def _start(self) -> None:
        turns = _Turns(self._plan, self._lanes)
        sessions = [self._session, *self._others()]
        self._threads = [threading.Thread(target=turns.work, args=(s,), name="copy", daemon=True) for s in sessions]
        for thread in self._threads:
            thread.start()

    def _others(self) -> list[Session]:
        """Further sessions that see the same; fewer than wanted where the server has no more to give."""
        cursors = min(self._cursors, 1 + int(self.expected * self._plan.width / RANGE)) if self._plan.by_ranges else 1
        snapshot = self._session.export() if cursors > 1 else None
        found: list[Session] = []
        try:
            while snapshot and len(found) + 1 < cursors:
                found.append(self._database.begin(snapshot))
        except SourceError:
            pass
        return found

    def _page(self, rows: Rows) -> Page:
        if self.shape in (Shape.CSV, Shape.TSV):
            return TextPage(len(rows), (b"".join(rows),))
        if self.shape is Shape.ROWS:
            return RowsPage(self._decoder.decode([row.strip(_AROUND) for row in rows]))  # type: ignore[misc]
        lines = [row.strip(_AROUND) for row in rows]
        return ObjectsPage([_one_line(line) if b"\n" in line or b"\r" in line else line for line in lines])


#: What COPY puts around a row of JSON.
_AROUND = QUOTE + b"\n"


def _one_line(row: bytes) -> bytes:
    """A JSON column keeps the line breaks that it was entered with (PostgreSQL's ``json``)."""
    return msgspec.json.format(row, indent=-1)


class _Turns:
    """Deals the statements of a plan out to threads, each of which has a session, and a lane for each statement."""

    def __init__(self, plan: Plan, lanes: Lanes) -> None:
        self._plan, self._lanes = plan, lanes
        self._width = plan.width
        self._statements = enumerate(self._all())
        self._next = threading.Lock()

    def work(self, session: Session) -> None:
        """Copy until nothing is left."""
        try:
            while (turn := self._take()) is not None:
                lane, statement = turn
                sink = _Sink(self._lanes, lane)
                session.copy(statement, sink)
                sink.flush()
                self._width = sink.bytes / sink.rows if sink.rows else self._width
                self._lanes.end(lane)
        except BaseException as error:
            self._lanes.fail(error)
        finally:
            session.close()

    def _take(self) -> tuple[int, sql.Composable] | None:
        with self._next:
            return next(self._statements, None)

    def _all(self) -> Iterator[sql.Composable]:
        plan, extent, lanes = self._plan, self._plan.extent, 1
        if not plan.by_ranges or extent.first is None or extent.last is None:
            yield plan.select.copy(plan.shape, plan.window)
        else:
            lanes, first = 0, extent.first
            sparsity = (extent.last - extent.first + 1) / extent.rows
            while first <= extent.last:
                last = min(first + max(1, int(RANGE / self._width * sparsity)), extent.last + 1) - 1
                yield plan.select.copy(plan.shape, WHOLE, (first, last))
                first, lanes = last + 1, lanes + 1
        self._lanes.finish(lanes)


class _Sink:
    """Takes the rows of a COPY and hands them on in blocks."""

    def __init__(self, lanes: Lanes, lane: int) -> None:
        self._lanes, self._lane = lanes, lane
        self._rows: Rows = []
        self._size = self.rows = self.bytes = 0

    def write(self, row: bytes) -> None:
        """The next row: PostgreSQL sends each by itself (its manual, 55.2.6), and psycopg2 passes them on so."""
        self._rows.append(row)
        self._size += len(row)
        if self._size >= BLOCK:
            self.flush()

    def flush(self) -> None:
        """Hand on what is here. Raises SourceError if nobody wants it."""
        rows, size = self._rows, self._size
        self._rows, self._size = [], 0
        self.rows, self.bytes = self.rows + len(rows), self.bytes + size
        if rows and not self._lanes.put(self._lane, rows, size):
            raise SourceError("closed while it was read")
