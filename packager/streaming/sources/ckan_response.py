"""What ``datastore_search`` answers, and how its records become pages.

The answer is taken apart as little as can be: delimited text is only unescaped, rows are parsed only where values are
asked for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import GenericAlias
from typing import Any, TypedDict, cast

import msgspec

from packager.errors import AnswerMalformed, QueryRejected
from packager.streaming.notes import Note
from packager.streaming.sources.row_ids import IdColumn, RowCounter, TextIds, ids_of, without_id
from packager.streaming.types import Field, ObjectsPage, Page, RowsPage, Shape, TextPage

#: Bytes of escaped text that are unescaped at a time: as ``str`` they take up to four times the room (PEP 393).
PIECE = 1 << 17
#: Rows that are values at a time; parsed, they take many times the room of their text.
SLICE = 4000

BACKSLASH = ord("\\")

#: PostgreSQL's NaN and Infinity come as text.
_PYTHON_TYPES: dict[str, Any] = {"numeric": Decimal | None, **dict.fromkeys(("float4", "float8"), float | str | None)}


class Answer(msgspec.Struct):
    """The ``result`` of ``datastore_search``, as far as it matters here."""

    records: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"[]"))
    fields: list[dict[str, Any]] = []
    limit: Any = None
    total: Any = None
    total_was_estimated: bool = False
    next_page: dict[str, Any] | None = None
    next_cursor: Any = None
    after: Any = None
    backend: str | None = msgspec.field(name="_backend", default=None)

    @property
    def count(self) -> int | None:
        """The total that CKAN claims."""
        return self.total if isinstance(self.total, int) else None

    @property
    def columns(self) -> list[Field]:
        """The columns, those included that CKAN adds of its own."""
        told = [(item, item.get("info")) for item in self.fields]
        return [
            Field(str(item.get("id", "")), str(item.get("type", "")), info if isinstance(info, dict) else {})
            for item, info in told
        ]

    @property
    def is_empty(self) -> bool:
        """Whether no record came."""
        return bytes(self.records).strip() in (b"[]", b'""')

    @property
    def is_text(self) -> bool:
        """Whether the records came as delimited text."""
        return bytes(memoryview(self.records)[:1]) == b'"'


class _Envelope(msgspec.Struct):
    success: bool = False
    result: Answer | None = None


_decode = msgspec.json.Decoder(_Envelope).decode
_split = msgspec.json.Decoder(list[msgspec.Raw]).decode
_unescape = msgspec.json.Decoder(str).decode


def read_answer(body: bytes) -> Answer:
    """The result in the body of an answer. Raises AnswerMalformed; QueryRejected if it says that it is none."""
    try:
        envelope = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise AnswerMalformed("not the JSON of datastore_search") from None
    if not envelope.success:
        raise QueryRejected(reason=Note("no_success"))
    if envelope.result is None:
        raise AnswerMalformed("an answer without a result")
    return envelope.result


@dataclass
class Batch:
    """The records of one answer. ``answer`` is what came with them (its own ``records`` are emptied), ``size`` the
    bytes of the body, ``ids`` the ``_id`` of each row (None where there is none)."""

    answer: Answer
    count: int
    size: int
    ids: Sequence[int] | None
    pages: Callable[[], Iterator[Page]]
    #: Fetch what was asked for with these records, and was too large to come with them.
    rest: tuple[Callable[[], Batch], ...] = ()


def read_batch(body: bytes, shape: Shape, decoder: RowDecoder, column: IdColumn | None) -> Batch:
    """The records in the body of an answer, as pages of ``shape``. Raises as ``read_answer``.

    ``decoder`` knows the columns that were asked for, ``column`` which of them is ``_id``, if one is.
    """
    answer = read_answer(body)
    records, answer.records = answer.records, msgspec.Raw(b"")
    if shape in (Shape.CSV, Shape.TSV):
        taker = None if column is None else TextIds(column, "," if shape is Shape.CSV else "\t")
        return _text_batch(answer, records, len(body), taker)
    rows, hidden = _rows_of(records), column is not None and column.hidden
    try:
        for row in rows:
            str(row, "utf-8")  # they go on as they are
    except UnicodeDecodeError:
        raise AnswerMalformed("rows that are not UTF-8") from None
    make = decoder.pages if shape is Shape.ROWS else _object_pages
    ids = None if column is None else ids_of(rows, column)
    return Batch(answer, len(rows), len(body), ids, lambda: make(rows, hidden))


# ------------------------------------------------------------ delimited text


def _text_batch(answer: Answer, records: msgspec.Raw, size: int, taker: TextIds | None) -> Batch:
    text = bytes(records)
    del records
    if text == b"[]":
        text = b'""'
    counter = taker or RowCounter()
    chunks: deque[bytes] = deque(map(counter.take, text_chunks(text)))
    if counter.inside or (chunks and not chunks[-1].endswith(b"\n")):
        raise AnswerMalformed("delimited text that breaks off")
    ids = None if taker is None else taker.ids()
    # each piece is let go as soon as it is handed on
    drained = (chunks.popleft() for _ in range(len(chunks)))
    return Batch(answer, counter.rows, size, ids, lambda: iter((TextPage(counter.rows, drained),)))


def text_chunks(text: bytes, piece: int = PIECE) -> Iterator[bytes]:
    """The UTF-8 that a JSON string (with its quotes) stands for, ``piece`` bytes of JSON at a time."""
    if text[:1] != b'"' or text[-1:] != b'"':
        raise AnswerMalformed("records that are no text")
    start, end = 1, len(text) - 1
    try:
        while start < end:
            stop = min(_piece_end(text, start, piece), end)
            yield _unescape(b'"%b"' % text[start:stop]).encode()
            start = stop
    except (msgspec.MsgspecError, UnicodeError):
        raise AnswerMalformed("text that is no JSON string") from None


def _piece_end(text: bytes, start: int, size: int) -> int:
    """Where a piece may end: after an escaped line end, which no other escape reaches across."""
    while start + size < len(text):
        at = before = text.rfind(b"\\n", start, start + size)
        while before > start and text[before - 1] == BACKSLASH:
            before -= 1
        if at >= start and (at - before) % 2 == 0:
            return at + 2
        size *= 2
    return len(text)


# --------------------------------------------------------------------- values


def _rows_of(records: msgspec.Raw) -> list[msgspec.Raw]:
    try:
        return _split(records)
    except (msgspec.MsgspecError, RecursionError):
        raise AnswerMalformed("records that are no list") from None


def _object_pages(rows: list[msgspec.Raw], hidden: bool) -> Iterator[Page]:
    for start in range(0, len(rows), SLICE):
        lines = [bytes(row) for row in rows[start : start + SLICE]]
        # a JSON column keeps the line breaks that it was entered with (PostgreSQL's ``json``)
        lines = [msgspec.json.format(line, indent=-1) if b"\n" in line or b"\r" in line else line for line in lines]
        yield ObjectsPage([without_id(line) for line in lines] if hidden else lines)


class RowDecoder:
    """Parses rows, lists or objects, into exact values of the types of ``fields``."""

    def __init__(self, fields: Sequence[Field]) -> None:
        types = {field.name: _PYTHON_TYPES.get(field.type, Any) for field in fields}
        self._names = [field.name for field in fields]
        in_order = tuple(types[name] for name in self._names)
        self._lists = _decoder_of_many(GenericAlias(tuple, in_order))
        self._objects = _decoder_of_many(cast(Any, TypedDict)("Row", types, total=False))

    def pages(self, rows: list[msgspec.Raw], hidden: bool) -> Iterator[Page]:
        """The rows as values, some at a time; ``hidden``: without the first. Raises AnswerMalformed."""
        for start in range(0, len(rows), SLICE):
            values = self.decode(rows[start : start + SLICE])
            yield RowsPage([row[1:] for row in values] if hidden else values)

    def decode(self, rows: list[msgspec.Raw]) -> list[tuple[Any, ...]]:
        """The values of rows, each in the order of the fields. Raises AnswerMalformed."""
        text = b"[%b]" % b",".join(rows)
        objects = text[1:2] == b"{"
        try:
            found: list[Any] = (self._objects if objects else self._lists).decode(text)
        except msgspec.ValidationError:  # the server's field types do not say what is in the columns
            found = msgspec.json.decode(text)
            if not all(isinstance(row, dict) or len(row) == len(self._names) for row in found):
                raise AnswerMalformed("rows with more or fewer values than there are columns") from None
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise AnswerMalformed("rows that are no JSON") from None
        return [tuple(map(row.get, self._names)) for row in found] if objects else found

    def decode_all(self, records: msgspec.Raw) -> list[tuple[Any, ...]]:
        """The values of all the records of an answer. Raises AnswerMalformed."""
        return self.decode(_rows_of(records))


def _decoder_of_many(row: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(GenericAlias(list, (row,)))
