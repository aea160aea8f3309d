"""Looks at every cell of a column and says of what type it is, and why it stays text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pusher.reading.cells import (
    CONTINENTAL,
    DATES,
    DAY_FIRST,
    ENGLISH,
    LOCAL,
    MONTH_FIRST,
    NUMBERS,
    ORDERED,
    PLAIN,
    READINGS,
    ZONED,
    readings,
    readings_of_all,
)
from pusher.reading.options import ReadingOptions

TYPES = ("text", "numeric", "timestamp")
#: Cells that did not fit an override of which the log tells.
EXAMPLES = 10


@dataclass(frozen=True)
class Misfit:
    """A cell of another kind than those before it."""

    row: int
    text: str

    def __str__(self) -> str:
        shown = self.text if len(self.text) <= 60 else f"{self.text[:59]}…"
        return f'row {self.row:,} holds "{shown}"'


@dataclass(frozen=True)
class Verdict:
    """``reading`` is one of the bits of ``cells``, 0 for text; ``why`` a column that looked typed stays text."""

    type: str
    reading: int = 0
    why: str = ""


class ColumnJudge:
    """One column. ``add`` every cell, then ``verdict``."""

    def __init__(self, options: ReadingOptions, override: str = "") -> None:
        self._nulls = options.nulls
        self._order = options.date_order
        self._override = override if override != "text" else ""
        self._left = READINGS
        self._seen = 0
        self._misfit: Misfit | None = None
        self._fitted = False
        self.counts: Counter[int] = Counter()
        self.examples: list[Misfit] = []
        self.any_cell = False

    def add(self, cells: Sequence[str], rows: Sequence[int]) -> None:
        """Further cells, with the numbers of their rows."""
        if not self.any_cell:
            self.any_cell = any(cell and not cell.isspace() for cell in cells)
        if self._override:
            self._count(cells, rows)
        values = self._values(set(cells)) if self._left else []
        if values:
            before, found = self._left, readings_of_all(values, self._left)
            self._left = found & READINGS
            self._seen |= found
            if not self._left:
                self._find_misfit(before, cells, rows)
            self._fitted = True

    def _values(self, cells: Iterable[str]) -> list[str]:
        nulls = self._nulls
        return [cell for cell in cells if cell not in nulls and cell.strip() not in nulls]

    def _find_misfit(self, left: int, cells: Sequence[str], rows: Sequence[int]) -> None:
        """The first cell, in the order of the file, after which no reading is left."""
        for cell, row in zip(cells, rows, strict=True):
            if not self._values((cell,)):
                continue
            if not left & readings(cell):
                # a column whose very first cell is text is no disappointment
                if self._fitted:
                    self._misfit = Misfit(row, cell)
                return
            left &= readings(cell)
            self._fitted = True

    def _count(self, cells: Sequence[str], rows: Sequence[int]) -> None:
        wanted = NUMBERS if self._override == "numeric" else DATES
        for cell, row in zip(cells, rows, strict=True):
            if self._values((cell,)):
                found = readings(cell) & wanted
                self.counts[found] += 1
                if not found and len(self.examples) < EXAMPLES:
                    self.examples.append(Misfit(row, cell))

    # --------------------------------------------------------------- the end

    def verdict(self) -> Verdict:
        """What the column is."""
        if self._override:
            return Verdict(self._override, self._overridden())
        if self._left == READINGS or not self._left:
            return Verdict("text", why=f"{self._misfit}" if self._misfit else "")
        return self._number() if self._left & NUMBERS else self._timestamp()

    def _number(self) -> Verdict:
        if self._left & PLAIN:
            return Verdict("numeric", PLAIN)
        if self._left in (ENGLISH, CONTINENTAL):
            return Verdict("numeric", self._left)
        return Verdict("text", why="its commas could separate thousands or decimals")

    def _timestamp(self) -> Verdict:
        if self._seen & ZONED and self._seen & LOCAL:
            return Verdict("text", why="some of its times have a time zone, others have none")
        if not self._seen & ORDERED:
            return Verdict("timestamp", DAY_FIRST)
        if self._left in (DAY_FIRST, MONTH_FIRST):
            return Verdict("timestamp", self._left)
        order = {"dmy": DAY_FIRST, "mdy": MONTH_FIRST}.get(self._order)
        if order:
            return Verdict("timestamp", order)
        return Verdict("text", why="its dates could have the day or the month first")

    @property
    def misfits(self) -> int:
        """Cells that an override makes NULL. (Those that fit only another reading of the same type count as well.)"""
        reading = self._overridden()
        return sum(count for found, count in self.counts.items() if not found & reading)

    def _overridden(self) -> int:
        """The reading that fits most cells; day first and plain numbers where as many fit."""
        order = (MONTH_FIRST, DAY_FIRST) if self._order == "mdy" else (DAY_FIRST, MONTH_FIRST)
        candidates = (PLAIN, ENGLISH, CONTINENTAL) if self._override == "numeric" else order
        return max(candidates, key=lambda bit: sum(n for found, n in self.counts.items() if found & bit))
