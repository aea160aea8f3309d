"""Delimited text as Arrow columns, read by Arrow itself. Imports pyarrow: only for who is about to write Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
from pyarrow import compute, csv

from packager.errors import FormatError
from packager.streaming.formats.parquet_columns import Column
from packager.streaming.notes import Note
from packager.streaming.types import TextPage

_PARSING = csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False)


class TextReader:
    """Reads the CSV of CKAN's ``COPY``: null is bare, the empty string ``""``, booleans are ``t`` and ``f``.

    Args:
        columns: those of the text, in order.
        piece: bytes of text that are read at a time, at least.
    """

    def __init__(self, columns: Sequence[Column], piece: int) -> None:
        self._columns, self._piece = columns, piece
        self._schema = pa.schema([column.schema for column in columns])

    def tables(self, page: TextPage, first_row: int) -> Iterator[pa.Table]:
        """The rows of a page, some at a time; ``first_row`` is the number of its first one.

        Raises:
            FormatError: a value does not fit the type of its column (names row and field), or the text is no CSV.
        """
        done = 0
        for text in _pieces(page, self._piece):
            found = self._typed(text, first_row + done)
            done += found.num_rows
            yield found
        if done != page.count:
            raise FormatError(reason=Note("text_malformed"))

    def _typed(self, text: bytes, first_row: int) -> pa.Table:
        try:
            found = _read(text, [column.schema.type for column in self._columns])
        except pa.ArrowException as error:
            self._find_misfit(text, first_row)
            raise FormatError(reason=Note("text_malformed")) from error
        arrays = [
            _without_word(array) if column.null_word else array
            for column, array in zip(self._columns, found.columns, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=self._schema)

    def _find_misfit(self, text: bytes, first_row: int) -> None:
        try:
            found = _read(text, [pa.string()] * len(self._columns))
        except pa.ArrowException:
            return
        for column, array in zip(self._columns, found.columns, strict=True):
            _check(column, array.to_pylist(), first_row)


def _pieces(page: TextPage, least: int) -> Iterator[bytes]:
    """The text in pieces of whole rows: quotes come in pairs in each row, so that a piece ends where all are closed."""
    waiting, size, quotes = list[bytes](), 0, 0
    for chunk in page.chunks:
        waiting.append(chunk)
        size += len(chunk)
        quotes += chunk.count(b'"')
        if size >= least and quotes % 2 == 0 and chunk.endswith(b"\n"):
            yield b"".join(waiting)
            waiting, size, quotes = [], 0, 0
    if waiting and (quotes % 2 or not waiting[-1].endswith(b"\n")):
        raise FormatError(reason=Note("text_malformed"))
    if size:
        yield b"".join(waiting)


def _read(text: bytes, types: Sequence[pa.DataType]) -> pa.Table:
    names = [str(number) for number in range(len(types))]
    return csv.read_csv(
        pa.py_buffer(text),
        read_options=csv.ReadOptions(use_threads=False, column_names=names, block_size=len(text) + 1),
        parse_options=_PARSING,
        convert_options=csv.ConvertOptions(
            column_types=dict(zip(names, types, strict=True)),
            null_values=[""],
            true_values=["t"],
            false_values=["f"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def _without_word(array: pa.ChunkedArray) -> pa.ChunkedArray:
    """Null where CKAN writes the word for it."""
    return compute.if_else(compute.equal(array, "null"), pa.scalar(None, pa.string()), array)


def _check(column: Column, texts: Sequence[str | None], first_row: int) -> None:
    """Raises FormatError for the first text that does not fit, found by halving."""
    lines = "".join("\n" if text is None else '"' + text.replace('"', '""') + '"\n' for text in texts)
    try:
        _read(lines.encode(), [column.schema.type])
    except pa.ArrowException as error:
        if len(texts) == 1:
            raise column.misfit(first_row) from error
        middle = len(texts) // 2
        _check(column, texts[:middle], first_row)
        _check(column, texts[middle:], first_row + middle)
