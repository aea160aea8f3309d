"""Rows as delimited text."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass

from packager.errors import FormatError
from packager.streaming.notes import Note


@dataclass(frozen=True, slots=True)
class Flavour:
    """How the data files are written: the end of their names, and what stands between the cells."""

    suffix: str
    delimiter: str


FLAVOURS = {"csv": Flavour("csv", ","), "tsv": Flavour("tsv", "\t")}


class Lines:
    """Collects rows as UTF-8 text: lines end with ``\\n``; cells with separators, quotes or line breaks are quoted."""

    def __init__(self, flavour: Flavour) -> None:
        self._lines: list[str] = []
        # The writer quotes what is in its line terminator: with both characters in it, a bare CR is quoted as well.
        self._writer = csv.writer(self, delimiter=flavour.delimiter, lineterminator="\r\n")

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, row: Sequence[str]) -> None:
        """Add a row."""
        self._writer.writerow(row)

    def write(self, line: str) -> None:
        """What the writer calls with each finished line."""
        self._lines.append(line[:-2])

    def take(self) -> bytes:
        """The lines so far, which are forgotten.

        Raises:
            FormatError: a cell holds what UTF-8 cannot express.
        """
        if not self._lines:
            return b""
        text = "\n".join(self._lines) + "\n"
        self._lines.clear()
        try:
            return text.encode()
        except UnicodeEncodeError as error:
            raise FormatError(reason=Note("surrogate")) from error
