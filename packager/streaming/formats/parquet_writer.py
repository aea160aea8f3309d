"""A Parquet file in one pass. Imports pyarrow: only for who is about to write Parquet."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pyarrow as pa
from pyarrow import parquet

from packager.streaming.formats.parquet_columns import Column
from packager.streaming.formats.values import columns_of, rows_of
from packager.streaming.sources.base import Table
from packager.streaming.types import Page

#: A row group ends with the page that brings it to this many rows or bytes. While it is written it takes several times
#: its bytes: groups of 32 MiB bring the peak of a worker from 220 to 290 MiB, for files that are 2 % smaller.
GROUP_ROWS = 50_000
GROUP_BYTES = 1 << 22
# Arrow's own allocator keeps what was freed, and this process has other things to do.
pa.set_memory_pool(pa.system_memory_pool())


def chunks(table: Table) -> Iterator[bytes]:
    """The file, as it grows.

    Raises:
        FormatError: a value does not fit the type of its column.
    """
    columns = [Column(field) for field in table.fields]
    schema = pa.schema([column.schema for column in columns])
    sink = _Sink()
    with parquet.ParquetWriter(sink, schema, compression="zstd") as writer:
        for group in _groups(_batches(table, columns, schema)):
            writer.write_table(group)
            yield sink.drain()
    yield sink.drain()


def _batches(table: Table, columns: list[Column], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    first_row = 1
    for page in table.pages():
        if page.count:
            yield _batch(page, columns, schema, first_row)
        first_row += page.count


def _batch(page: Page, columns: list[Column], schema: pa.Schema, first_row: int) -> pa.RecordBatch:
    by_column = zip(columns, columns_of(rows_of(page), len(columns)), strict=True)
    arrays = [column.array(values, first_row) for column, values in by_column]
    return pa.record_batch(arrays, schema=schema)


def _groups(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Pages may be small; row groups should not be."""
    waiting: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        waiting.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= GROUP_ROWS or size >= GROUP_BYTES:
            yield pa.Table.from_batches(waiting)
            waiting, rows, size = [], 0, 0
    if waiting:
        yield pa.Table.from_batches(waiting)


class _Sink(io.RawIOBase):
    """A file that only remembers what was written since it was drained."""

    def __init__(self) -> None:
        super().__init__()
        self._written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        content = bytes(data)  # type: ignore[call-overload]
        self._written.append(content)
        return len(content)

    def drain(self) -> bytes:
        content = b"".join(self._written)
        self._written.clear()
        return content
