"""Sources that need no network: tables and files with the content that a test gives them."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packager.streaming.formats.delimited import line_of
from packager.streaming.formats.text import printers
from packager.streaming.notes import Note
from packager.streaming.types import Field, ObjectsPage, Page, RowsPage, Shape, TextPage, Value
from tests.services import IN_CI

FIELDS = (Field("_id", "int4"), Field("name", "text"))


@dataclass
class FakeTable:
    """``rows`` in pages of ``page_size``, in the shape asked for. ``error`` is raised where the pages end.

    ``late_notes`` become notes once the pages are read, as a real source's may.
    """

    fields: Sequence[Field] = FIELDS
    rows: Sequence[Sequence[Value]] = ()
    shape: Shape = Shape.ROWS
    page_size: int = 2
    expected: int | None = None
    error: Exception | None = None
    notes: list[Note | str] = field(default_factory=list)
    late_notes: Sequence[Note | str] = ()
    pages_read: int = 0
    closed: bool = False

    def pages(self) -> Iterator[Page]:
        for start in range(0, len(self.rows), self.page_size):
            self.pages_read += 1
            yield self._page(self.rows[start : start + self.page_size])
        if self.error is not None:
            raise self.error
        self.notes.extend(self.late_notes)

    def close(self) -> None:
        self.closed = True

    def _page(self, rows: Sequence[Sequence[Value]]) -> Page:
        if self.shape is Shape.ROWS:
            return RowsPage(rows)
        if self.shape is Shape.OBJECTS:
            return ObjectsPage([self._object(row) for row in rows])
        return TextPage(len(rows), pieces(self._text(rows)))

    def _text(self, rows: Sequence[Sequence[Value]]) -> bytes:
        line = line_of("\t" if self.shape is Shape.TSV else ",", single=len(self.fields) == 1)
        cells = printers(self.fields)
        return "".join(line([cell(value) for cell, value in zip(cells, row, strict=True)]) for row in rows).encode()

    def _object(self, row: Sequence[Value]) -> bytes:
        names = [column.name for column in self.fields]
        return json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, default=str).encode()


@dataclass
class FakeFile:
    """A file of the chunks given. ``error`` is raised where they end."""

    content: Iterable[bytes] = ()
    name: str = "file.bin"
    size: int | None = None
    error: Exception | None = None
    notes: list[Note | str] = field(default_factory=list)
    closed: bool = False

    def chunks(self) -> Iterator[bytes]:
        yield from self.content
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        self.closed = True


def pieces(content: bytes, size: int = 7) -> Iterator[bytes]:
    """The content in small chunks that keep no line or character whole."""
    return (content[start : start + size] for start in range(0, len(content), size))


def unzipped(blocks: Iterable[bytes]) -> dict[str, bytes]:
    """The members of an archive by name, each checked against its CRC."""
    with zipfile.ZipFile(io.BytesIO(b"".join(blocks))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def read_by_other_programs(path: Path) -> None:
    """Let the unzip programs that are installed test an archive; in CI they have to be there."""
    for names, arguments in ((["unzip"], ["-tqq"]), (["7zz", "7z"], ["t", "-bso0", "-bsp0"])):
        program = next(filter(None, map(shutil.which, names)), None)
        if program is not None or IN_CI:
            subprocess.run([program or names[0], *arguments, str(path)], check=True, capture_output=True)
