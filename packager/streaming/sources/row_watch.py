"""Looks at every batch of rows as it goes by: did a row come twice, did one come out of order, did columns change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyroaring import BitMap64

from packager.errors import AnswerMalformed, ChangedWhileRead, IncompleteData
from packager.streaming import notes
from packager.streaming.sources.ckan_response import Batch
from packager.streaming.sources.row_ids import in_order


class RowWatch:
    """What has come of a table.

    Args:
        columns: names that every answer must have; None where a server does not tell them with each answer.
        direction: 1 or -1 where ids must rise or fall from row to row, 0 where pages go by position.
        top: the largest id before reading began; None if nobody knows.
    """

    def __init__(self, columns: Sequence[str] | None, direction: int, top: int | None) -> None:
        self._columns, self._direction, self.top = columns, direction, top
        self._types: list[str] | None = None
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
        told = batch.answer.columns
        if self._columns is not None and told:
            names, types = [field.name for field in told], [field.type for field in told]
            if names != list(self._columns) or types != (self._types or types):
                raise ChangedWhileRead("the columns changed")
            self._types = types
        self.rows += batch.count
        self.batches += 1
        if batch.ids and self._direction:
            self._follow(batch.ids)
        elif batch.ids:
            before = len(self._seen)
            self._seen.update(batch.ids)
            if twice := before + len(batch.ids) - len(self._seen):
                raise ChangedWhileRead(f"{twice} rows came twice")

    def _follow(self, ids: Sequence[int]) -> None:
        top = self.top
        self.old += len(ids) if top is None or max(ids[0], ids[-1]) <= top else sum(one <= top for one in ids)
        chain = ids if self._last is None else [self._last, *ids]
        if not in_order(chain, falling=self._direction < 0):
            twice = len(chain) - len(set(chain))
            if not twice:
                raise AnswerMalformed("rows that are not in the order of their ids")
            raise IncompleteData(
                "rows that came twice", expected=notes.rows(self.rows, self.rows), got=self.rows - twice
            )
        self._last = ids[-1]

    def has_seen(self, ids: Iterable[int]) -> bool:
        """Whether every one of these came, but for those that were added meanwhile."""
        return BitMap64([one for one in ids if self.top is None or one <= self.top]) <= self._seen
