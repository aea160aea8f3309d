"""Rows as the JSON that CKAN takes, in chunks of so many rows and bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from pusher.reading.fit import ALWAYS_INDEXED, shortened
from pusher.reading.options import Tell
from pusher.reading.table import Table

#: Rows that are read at a time.
READ = 500


@dataclass(frozen=True)
class Chunk:
    """Some rows: each as a JSON object, and the numbers that they have in the file."""

    rows: Sequence[bytes]
    numbers: Sequence[int]

    def halves(self) -> tuple[Chunk, Chunk]:
        """The first and the second half."""
        middle = len(self.rows) // 2
        return Chunk(self.rows[:middle], self.numbers[:middle]), Chunk(self.rows[middle:], self.numbers[middle:])

    def body(self, head: bytes) -> bytes:
        """The body of a call; ``head`` is everything before the records."""
        return b'%b"records":[%b]}' % (head, b",".join(self.rows))


def chunks(table: Table, most_rows: int, most_bytes: int, tell: Tell) -> Iterator[Chunk]:
    """The rows of ``table``. A row that is larger than ``most_bytes`` goes alone."""
    rows: list[bytes] = []
    numbers: list[int] = []
    size = 0
    for row, number in encoded(table, tell):
        if rows and (len(rows) >= most_rows or size + len(row) > most_bytes):
            yield Chunk(rows, numbers)
            rows, numbers, size = [], [], 0
        rows.append(row)
        numbers.append(number)
        size += len(row) + 1
    if rows:
        yield Chunk(rows, numbers)


def encoded(table: Table, tell: Tell) -> Iterator[tuple[bytes, int]]:
    """Each row as a JSON object, and its number. Texts too long for CKAN's search index are cut."""
    names, encode = [column.name for column in table.columns], msgspec.json.encode
    for batch in table.batches(READ):
        for row, number in zip(batch.rows, batch.numbers, strict=True):
            text = encode(dict(zip(names, row, strict=True)))
            if len(text) > ALWAYS_INDEXED and (cut := shortened(row)):
                tell("WARNING", f"row {number:,} is too long for the search index, its longest text is cut.")
                text = encode(dict(zip(names, cut, strict=True)))
            yield text, number
