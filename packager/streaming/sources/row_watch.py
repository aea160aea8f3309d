"""Looks at every batch of rows as it goes by: did a row come twice, did one come out of order, did columns change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pyroaring import BitMap64

from packager.errors import AnswerMalformed, ChangedWhileRead, IncompleteData
from packager.streaming import notes
from packager.streaming.sources.ckan_response import Batch
from packager.streaming.sources.row_ids import in_order

#: A column as it is told with each answer.
Told = Mapping[str, Any]


class RowWatch:
    """What has come of a table.

    Args:
        columns: names that every answer must have; None where a server does not tell them with each answer.
        direction: 1 or -1 where ids must rise or fall from row to row, 0 where pages go by position.
        top: the largest id before reading began; None if nobody knows.
    """

    def __init__(self, columns: Sequence[str] | None, direction: int, top: int | None) -> None:
        self._columns, self._direction, self.top = columns, direction, top
        self._types: list[Any] | None = None
        self._last: int | None = None
        self._seen = BitMap64()
        self.rows = self.batches = 0
        #: Rows that were there when reading began; counted where ids rise or fall.
        self.old = 0

    def see(self, batch: Batch) -> None:
        """A further batch, in its turn.

        Raises:
            ChangedWhileRead: a row came before, or the columns are others than those of the batches before.
            IncompleteData: ids do not follow each other although they must.
        """
        self._compare(batch.answer.fields)
        self.rows += batch.count
        self.batches += 1
        if batch.ids and self._direction:
            self.old += self._count_old(batch.ids)
            self._follow(batch.ids)
        elif batch.ids:
            self._note(batch.ids)

    def _compare(self, told: Sequence[Told]) -> None:
        if self._columns is None or not told:
            return
        names, types = [str(item.get("id")) for item in told], [item.get("type") for item in told]
        if names != list(self._columns) or types != (self._types or types):
            raise ChangedWhileRead("the columns changed")
        self._types = types

    def _count_old(self, ids: Sequence[int]) -> int:
        if self.top is None or max(ids[0], ids[-1]) <= self.top:
            return len(ids)
        return sum(one <= self.top for one in ids)

    def _follow(self, ids: Sequence[int]) -> None:
        chain = ids if self._last is None else [self._last, *ids]
        if not in_order(chain, falling=self._direction < 0):
            twice = len(chain) - len(set(chain))
            if not twice:
                raise AnswerMalformed("rows that are not in the order of their ids")
            raise IncompleteData(
                "rows that came twice", expected=notes.rows(self.rows, self.rows), got=self.rows - twice
            )
        self._last = ids[-1]

    def _note(self, ids: Sequence[int]) -> None:
        before = len(self._seen)
        self._seen.update(ids)
        if len(self._seen) != before + len(ids):
            raise ChangedWhileRead(f"{before + len(ids) - len(self._seen)} rows came twice")

    def has_seen(self, ids: Iterable[int]) -> bool:
        """Whether every one of these came, but for those that were added meanwhile."""
        return BitMap64([one for one in ids if self.top is None or one <= self.top]) <= self._seen
