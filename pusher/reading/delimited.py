"""Rows of cells out of delimited text."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Generator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

from pusher.errors import TableDamaged
from pusher.reading.encoding import LONGEST_LINE, Encoding, detect, lines_of, opened
from pusher.reading.options import ReadingOptions

SAMPLE_ROWS = 1000
DELIMITERS = (",", ";", "\t", "|")
#: A line of our own after the last: part of a cell if one is open. No text holds a NUL (``lines_of``).
END = "\0end"

# the module has one limit for the whole process; without, a quotation mark never closed swallows the rest of a file
csv.field_size_limit(LONGEST_LINE)


@dataclass(frozen=True)
class DelimitedText:
    """A text file whose encoding and delimiter are known. ``cut_off`` says that it is the beginning of a larger one."""

    path: Path
    encoding: Encoding
    delimiter: str = ","
    cut_off: bool = False

    def rows(self) -> Generator[list[str]]:
        """Every row, empty ones too, as it stands; of a file that is cut off, those before the cut.

        Raises:
            TableDamaged: a quotation mark is never closed.
        """
        return self._before_the_cut() if self.cut_off else self._all()

    def _before_the_cut(self) -> Generator[list[str]]:
        held: list[str] | None = None
        with suppress(TableDamaged), closing(self._all()) as rows:
            for row in rows:
                if held is not None:
                    yield held
                held = row
            # nobody knows what else stood in the last one
            return
        if held is not None:
            yield held

    def _all(self) -> Generator[list[str]]:
        number, row = 0, list[str]()
        with opened(self.path, self.encoding) as file:
            lines = chain(lines_of(file, self.encoding), (END,))
            try:
                for row in csv.reader(lines, delimiter=self.delimiter):
                    number += 1
                    if row and row[-1].endswith(END):
                        break
                    yield row
            except csv.Error:
                raise _never_closed(number + 1) from None
        # the module closes a cell that is open at the end of the file without a word
        if row != [END]:
            raise _never_closed(number)

    def sample(self) -> list[list[str]]:
        """The first rows, as many as can be had."""
        found: list[list[str]] = []
        with suppress(TableDamaged), closing(self.rows()) as rows:
            found.extend(islice(rows, SAMPLE_ROWS))
        return found


def _never_closed(row: int) -> TableDamaged:
    return TableDamaged(f"In row {row:,} a quotation mark is opened and never closed")


def open_text(path: Path, options: ReadingOptions, *, cut_off: bool = False) -> DelimitedText:
    """``path`` as text, its encoding and delimiter found. Raises NotATable."""
    text = DelimitedText(path, detect(path, options.fallback_encoding, cut_off=cut_off), cut_off=cut_off)
    return replace(text, delimiter=_delimiter(text, options))


def _delimiter(text: DelimitedText, options: ReadingOptions) -> str:
    """The one whose commonest row width beyond 1 covers most rows; a comma if there is none."""
    order = ("\t", *(d for d in DELIMITERS if d != "\t")) if options.prefer_tab else DELIMITERS
    covered = {delimiter: _coverage(replace(text, delimiter=delimiter)) for delimiter in order}
    best = max(order, key=lambda delimiter: covered[delimiter])
    return best if covered[best] else order[0]


def _coverage(text: DelimitedText) -> int:
    widths = Counter(len(row) for row in text.sample() if len(row) > 1)
    return max(widths.values(), default=0)
