"""Rows as delimited text."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass

from packager.errors import FormatError
from packager.streaming.notes import Note


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the data files are written: the end of their names, and what stands between the cells."""

    suffix: str
    delimiter: str

    @property
    def attributes(self) -> dict[str, str]:
        """The same as meta.xml says it. Tab and line feed are spelt with a backslash: XML would turn the characters
        themselves into spaces."""
        return {
            "encoding": "UTF-8",
            "fieldsTerminatedBy": self.delimiter.replace("\t", r"\t"),
            "linesTerminatedBy": r"\n",
            "fieldsEnclosedBy": '"',
            "ignoreHeaderLines": "1",
        }


DIALECTS = {"csv": Dialect("csv", ","), "tsv": Dialect("tsv", "\t")}


class Lines:
    """Collects rows as UTF-8 text: lines end with ``\\n``; cells with separators, quotes or line breaks are quoted."""

    def __init__(self, dialect: Dialect) -> None:
        self._lines: list[str] = []
        # The writer quotes what is in its line terminator: with both characters in it, a bare CR is quoted as well.
        self._writer = csv.writer(self, delimiter=dialect.delimiter, lineterminator="\r\n")

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
