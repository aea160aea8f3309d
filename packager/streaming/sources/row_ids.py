"""The ``_id`` of each row: by them it shows whether a row came twice, or was missed while the table changed."""

from __future__ import annotations

import csv
import io
import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import msgspec

from packager.errors import AnswerMalformed

ID = "_id"
#: The first cell of a row, where it is a whole number; rows begin after line ends outside quotes.
_FIRST_CELL = re.compile(rb"\n(-?\d+)(?=[,\t\n])")
_HIDDEN_CELL = re.compile(rb"\n-?\d+[,\t]")
#: Every byte but those that rows are counted by. Without the others, most quotes stand in pairs that cancel out.
NO_MARKS = bytes(set(range(256)) - set(b'"\n'))


@dataclass(frozen=True, slots=True)
class IdColumn:
    """Where ``_id`` stands among the columns that CKAN is asked for.

    ``hidden``: it was not asked for, is fetched as the first column, and left out again.
    """

    position: int
    hidden: bool = False


class _OnlyId(msgspec.Struct):
    id: int = msgspec.field(name=ID)


_decode_id = msgspec.json.Decoder(_OnlyId).decode
_decode_row = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_int = msgspec.json.Decoder(int).decode


class RowCounter:
    """Counts the rows of delimited text: line ends outside quotes. ``inside`` tells whether a quote is open."""

    def __init__(self) -> None:
        self.rows = 0
        self.inside = False

    def take(self, chunk: bytes) -> bytes:
        """Count the rows of a further piece of the text. Gives the piece."""
        parts = chunk.translate(None, NO_MARKS).replace(b'""', b"").split(b'"')
        self.rows += b"".join(parts[int(self.inside) :: 2]).count(b"\n")
        self.inside ^= len(parts) % 2 == 0
        return chunk


class TextIds(RowCounter):
    """Counts rows and takes their ids out of delimited text that comes in pieces which end with a line end."""

    def __init__(self, column: IdColumn, delimiter: str) -> None:
        super().__init__()
        self._column, self._delimiter = column, delimiter
        self._whole: list[bytes] = []
        self._found: list[int] = []

    def take(self, chunk: bytes) -> bytes:
        """Note the ids of a further piece. Gives what goes on of it."""
        inside, rows = self.inside, self.rows
        super().take(chunk)
        if self._column.position:
            self._whole.append(chunk)
            return chunk
        lead = b"" if inside else b"\n"
        begun = self.rows - rows + self.inside - inside
        text = lead + chunk
        parts, outside = [text], slice(0, None)
        found = _FIRST_CELL.findall(text)
        if len(found) != begun:  # what looks like the id of a row stands in a quoted cell, behind a line break
            parts, outside = text.split(b'"'), slice(int(inside), None, 2)
            found = _FIRST_CELL.findall(b'"'.join(parts[outside]))
        self._found += map(int, found)
        if not self._column.hidden:
            return chunk
        parts[outside] = [_HIDDEN_CELL.sub(b"\n", part) for part in parts[outside]]
        return b'"'.join(parts)[len(lead) :]

    def ids(self) -> list[int]:
        """All of them. Raises AnswerMalformed if a row has none."""
        try:
            text = io.StringIO(b"".join(self._whole).decode(), newline="")
            rows = csv.reader(text, delimiter=self._delimiter)
            found = [int(row[self._column.position]) for row in rows] if self._whole else self._found
        except (ValueError, IndexError, csv.Error):
            found = []
        if len(found) != self.rows:
            raise AnswerMalformed("rows without an _id")
        return found


def ids_of(rows: Sequence[msgspec.Raw], column: IdColumn) -> list[int]:
    """The ids of rows that are JSON objects, or lists with ``_id`` in its place.

    Raises:
        AnswerMalformed: a row has none.
    """
    try:
        if rows and bytes(memoryview(rows[0])[:1]) == b"{":
            return [_decode_id(row).id for row in rows]
        return [_decode_int(_decode_row(row)[column.position]) for row in rows]
    except (msgspec.MsgspecError, IndexError):
        raise AnswerMalformed("rows without an _id") from None


def without_id(row: bytes) -> bytes:
    """A JSON object without its ``_id``."""
    found = _decode_object(row)
    found.pop(ID, None)
    return msgspec.json.encode(found)


def in_order(ids: Sequence[int], *, falling: bool) -> bool:
    """Whether each is greater (``falling``: smaller) than the one before."""
    return all(map(operator.gt if falling else operator.lt, ids, islice(ids, 1, None)))
