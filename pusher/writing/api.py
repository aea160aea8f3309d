"""Through CKAN's API: a new table in the place of the old one, filled chunk by chunk, in the order of the file.

One call is under way at a time, so that ``_id`` follows the file; the next chunk is made while CKAN works.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import msgspec

from pusher.errors import CkanAway, CkanRefused, PushError, RowRefused, RowsMissing
from pusher.reading.options import Tell
from pusher.reading.table import Table
from pusher.writing.chunks import Chunk, chunks
from pusher.writing.ckan import TOO_MUCH, Ckan
from pusher.writing.datastore import Confirm, Datastore, Progress

#: Tries of a chunk whose answer got lost.
TRIES = 6
#: Fewer rows than this in a chunk are not halved further.
LEAST_ROWS = 10
#: Rows that a site takes at a time, where it is fewer than the operator says.
_learned: dict[str, int] = {}


class ApiWriter:
    """See ``datastore.Writer``."""

    def __init__(self, ckan: Ckan, resource_id: str, tell: Tell, *, rows: int = 5000, size: int = 4_000_000) -> None:
        self._ckan = ckan
        self._table = Datastore(ckan, resource_id)
        self._tell = tell
        self._rows, self._size = rows, size
        given = {"resource_id": resource_id, "force": True, "method": "insert", "calculate_record_count": False}
        self._head = msgspec.json.encode(given)[:-1] + b","
        self._dry_head = msgspec.json.encode({**given, "dry_run": True})[:-1] + b","

    def replace(self, table: Table, fields: Sequence[dict[str, Any]], progress: Progress, confirm: Confirm) -> None:
        """See ``datastore.Writer``. While it lasts, the table in CKAN is short; the log says from when to when."""
        begin = datetime.now(UTC)
        try:
            self._table.delete()
            self._table.create(fields)
            for written in self._sent(table):
                progress(written)
                confirm()
            self._check(table.count)
        except PushError:
            self._tell("WARNING", f"The table in the DataStore is short since {_clock(begin)}.")
            raise
        end = datetime.now(UTC)
        self._tell("INFO", f"The table in the DataStore was short from {_clock(begin)} to {_clock(end)} (UTC).")

    def _sent(self, table: Table) -> Iterator[int]:
        """How many rows CKAN has, after each chunk. The next one is under way by then: CKAN is never kept waiting."""
        under_way: Future[int] | None = None
        with ThreadPoolExecutor(1, "pusher-send") as sender:
            for chunk in chunks(table, self._rows, self._size, self._tell):
                written = under_way.result() if under_way else 0
                under_way = sender.submit(self._send, chunk, written)
                if written:
                    yield written
            if under_way:
                yield under_way.result()

    def _check(self, count: int) -> None:
        total = self._table.total()
        if total != count:
            raise RowsMissing(got=total, expected=count)

    # ------------------------------------------------------------ one chunk

    def _send(self, chunk: Chunk, before: int) -> int:
        """All of ``chunk``, in pieces if the site has shown that it takes no more. Returns how many rows are there."""
        most = _learned.get(self._ckan.url, self._rows)
        for start in range(0, len(chunk.rows), most):
            piece = Chunk(chunk.rows[start : start + most], chunk.numbers[start : start + most])
            self._send_piece(piece, before + start)
        return before + len(chunk.rows)

    def _send_piece(self, piece: Chunk, before: int) -> None:
        """``before`` rows are there already."""
        for attempt in range(TRIES):
            try:
                self._ckan.action("datastore_upsert", piece.body(self._head))
                return
            except CkanRefused as error:
                raise self._refusal(piece, error) from error
            except CkanAway as error:
                if self._arrived(piece, before, error, attempt):
                    return
                if self._too_much(piece, error):
                    for half in piece.halves():
                        self._send_piece(half, before)
                        before += len(half.rows)
                    return
        raise CkanAway("a chunk was not taken")

    def _arrived(self, piece: Chunk, before: int, error: CkanAway, attempt: int) -> bool:
        """Whether the rows are there although the answer got lost; waits for CKAN. Raises ``error`` in the end."""
        if attempt == TRIES - 1:
            raise error
        self._ckan.pause(attempt)
        total = self._table.total()
        if total not in (before, before + len(piece.rows)):
            raise RowsMissing(got=total, expected=before)
        return total != before

    def _too_much(self, piece: Chunk, error: CkanAway) -> bool:
        if error.params.get("status") not in (*TOO_MUCH, 0) or len(piece.rows) < LEAST_ROWS:
            return False
        if "did not answer in time" not in error.detail and not error.params.get("status"):
            return False
        _learned[self._ckan.url] = max(LEAST_ROWS, len(piece.rows) // 2)
        return True

    def _refusal(self, chunk: Chunk, error: CkanRefused) -> PushError:
        """CKAN names the last row of a chunk, whichever is wrong: the right one is found by halving."""
        if error.status in (401, 403, 404):
            return error
        while len(chunk.rows) > 1:
            first, second = chunk.halves()
            if refused := self._dry_run(first):
                chunk, error = first, refused
            else:
                chunk, error = second, self._dry_run(second) or error
        return RowRefused(row=chunk.numbers[0], reason=error.message.rstrip("."))

    def _dry_run(self, chunk: Chunk) -> CkanRefused | None:
        try:
            self._ckan.action("datastore_upsert", chunk.body(self._dry_head), attempts=3)
        except CkanRefused as error:
            return error
        return None


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}"
