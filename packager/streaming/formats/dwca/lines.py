"""Rows as delimited text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
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


def encoded(dialect: Dialect, columns: Iterable[Sequence[str]]) -> bytes:
    """Rows, given column by column, as UTF-8 text.

    Lines end with ``\\n``; cells with separators, quotes or line breaks are quoted.

    Raises:
        FormatError: a cell holds what UTF-8 cannot express.
    """
    quoted = [_quoted(cells, dialect.delimiter) for cells in columns]
    lines = map(dialect.delimiter.join, zip(*quoted, strict=True))
    try:
        return "".join([f"{line}\n" for line in lines]).encode()
    except UnicodeEncodeError as error:
        raise FormatError(reason=Note("surrogate")) from error


def _quoted(cells: Sequence[str], delimiter: str) -> Sequence[str]:
    """The cells of a column. Most columns have nothing to quote, which one look at the whole tells."""
    signs = (delimiter, '"', "\n", "\r")
    joined = "".join(cells)
    found = [sign for sign in signs if sign in joined]
    if not found:
        return cells
    search = re.compile(f"[{re.escape(''.join(found))}]").search
    return ['"' + cell.replace('"', '""') + '"' if search(cell) else cell for cell in cells]
