"""Rows that CKAN cannot hold, found before the old table is touched (the limits were tried on PostgreSQL 15)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pusher.errors import RowTooBig

#: Bytes of a row in a page of 8 KiB.
MOST_BYTES = 8160
#: A value beyond this can be kept elsewhere, and takes as much as the pointer to it.
POINTER = 18
#: Fewer cells than this fit, whatever is in them.
ALWAYS_FITS = MOST_BYTES // (POINTER + 2)
HEADER = 24

#: Bytes of a row's search index (ckan#2837), with room for what the parser of PostgreSQL finds in compound words.
MOST_INDEX = 1_000_000
#: A row with less text has a smaller index.
ALWAYS_INDEXED = MOST_INDEX // 4
CUT_MARK = " […cut: too long for the search index]"

_WORD = re.compile(r"\w+")


class RowFit:
    """The widest row by the bytes that its cells take at least."""

    def __init__(self) -> None:
        self._size, self._row, self._cells = 0, 0, 0

    def add(self, rows: Sequence[Sequence[str]], numbers: Sequence[int]) -> None:
        """Further rows with their numbers."""
        for row, number in zip(rows, numbers, strict=True):
            if len(row) > ALWAYS_FITS and (size := least_bytes(row)) > self._size:
                self._size, self._row, self._cells = size, number, len(row)

    def check(self, columns: int) -> None:
        """Raises RowTooBig if there is a row that cannot fit, whatever the types of its columns."""
        size = self._size + HEADER + columns // 8
        if self._size and size > MOST_BYTES:
            raise RowTooBig(row=self._row, size=size, most=f"{MOST_BYTES:,}")


def least_bytes(row: Sequence[str]) -> int:
    """What the cells take at least: a number three and a byte for two digits, short texts more."""
    return sum(min(POINTER, 3 + len(cell) // 2) for cell in row if cell)


def index_bytes(text: str) -> int:
    """About as many bytes as the search index of ``text`` takes: each different word once, and where it stands."""
    words: dict[str, int] = {}
    for word in _WORD.findall(text.lower()):
        words[word] = min(words.get(word, 0) + 1, 255)
    return sum(len(word.encode()) + 3 + 2 * count for word, count in words.items())


def shortened(row: Sequence[str | None]) -> tuple[str | None, ...] | None:
    """``row`` with its longest text cut so that the search index can hold it; None if it can as it is."""
    if sum(len(cell) for cell in row if cell) < ALWAYS_INDEXED or index_bytes(_joined(row)) <= MOST_INDEX:
        return None
    cells = list(row)
    while index_bytes(_joined(cells)) > MOST_INDEX:
        place = max(range(len(cells)), key=lambda n: len(cells[n] or ""))
        text = (cells[place] or "").removesuffix(CUT_MARK)
        cells[place] = text[: len(text) * 9 // 10] + CUT_MARK
    return tuple(cells)


def _joined(row: Sequence[str | None]) -> str:
    return " ".join(cell for cell in row if cell)
