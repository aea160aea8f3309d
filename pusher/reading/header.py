"""Where the header is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

Row = Sequence[str]


@dataclass(frozen=True)
class Header:
    """``cells`` as they stand; ``skipped`` is how many rows go before it, ``titles`` how many of those have text."""

    cells: tuple[str, ...]
    skipped: int
    titles: int


def filled(row: Row) -> int:
    """How many cells have something in them other than white space."""
    return sum(1 for cell in row if cell.strip())


def find_header(sample: Sequence[Row]) -> Header | None:
    """The header among the first rows of a file; None if there is nothing in them.

    It is the first row with at least one filled cell less than most rows have. A row whose only filled cell is the
    first is a title.
    """
    counts = [filled(row) for row in sample]
    usual = _usual(counts)
    for number, row in enumerate(sample):
        least = usual - 1 if usual else 1
        title = usual and counts[number] == 1 and row[0].strip()
        if counts[number] >= max(1, least) and not title:
            return Header(tuple(row), number, sum(1 for count in counts[:number] if count))
    return None


def _usual(counts: Sequence[int]) -> int:
    """The commonest number of filled cells beyond one, the larger of two that are as common; 0 if there is none."""
    frequency = Counter(count for count in counts if count > 1)
    return max(frequency, key=lambda count: (frequency[count], count), default=0)
