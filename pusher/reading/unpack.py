"""What is in the file that came: its first bytes decide, not its name or type. Archives are unpacked within a limit."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from zipfile import BadZipFile, ZipFile, ZipInfo

from pusher.errors import ArchiveProblem, FileEmpty, NotATable, TooLarge
from pusher.reading.options import Tell

PIECE = 1 << 18
HEAD = 4096
TABLE_ENDINGS = (".csv", ".tsv", ".tab", ".psv", ".txt", ".xls", ".xlsx", ".xlsm", ".ods", ".csv.gz", ".tsv.gz")
#: What never is a table: how it begins, and what to call it.
SIGNS = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"II*\x00": "a picture",
    b"MM\x00*": "a picture",
    b"PAR1": "a Parquet file",
    b"SQLite format 3\x00": "a SQLite database",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
}
BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Unpacked:
    """``kind``: text, xls, xlsx or ods."""

    path: Path
    kind: str


def unpack(path: Path, directory: Path, most: int, tell: Tell) -> Unpacked:
    """The table in the file at ``path``; what is unpacked goes to ``directory``.

    Raises:
        FileEmpty, NotATable, ArchiveProblem; TooLarge: more than ``most`` bytes come out.
    """
    for step in range(3):
        kind = kind_of(path)
        if kind not in ("gzip", "zip"):
            return Unpacked(path, kind)
        target = directory / f"unpacked-{step}"
        (_gunzip if kind == "gzip" else _unzip)(path, target, most, tell)
        path = target
    raise ArchiveProblem("The file is an archive within an archive within an archive")


def kind_of(path: Path) -> str:
    """text, gzip, zip, xls, xlsx or ods. Raises FileEmpty, NotATable, ArchiveProblem."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head.strip():
        raise FileEmpty
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _kind_of_zip(path)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "xls"
    _refuse_others(head)
    return "text"


def _refuse_others(head: bytes) -> None:
    for sign, what in SIGNS.items():
        if head.startswith(sign):
            raise NotATable(what)
    start = head.removeprefix(BOMS[0]).lstrip()[:200].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        raise NotATable("an HTML page")
    if start.startswith(b"<?xml"):
        raise NotATable("an HTML page" if b"<html" in head.lower() else "an XML document")
    control = sum(head.count(byte) for byte in range(32) if byte not in b"\t\n\r\x0b\x0c\x1a\x1b\x00")
    if control > 16 + len(head) // 16 or (head.count(0) > len(head) // 4 and not head.startswith(BOMS)):
        raise NotATable("a binary file")


def _kind_of_zip(path: Path) -> str:
    with _opened(path) as archive:
        names = set(archive.namelist())
        if "xl/workbook.xml" in names:
            return "xlsx"
        if "mimetype" in names and b"opendocument.spreadsheet" in archive.read("mimetype")[:100]:
            return "ods"
        if "word/document.xml" in names:
            raise NotATable("a Word document")
    return "zip"


def _opened(path: Path) -> ZipFile:
    try:
        return ZipFile(path)
    except BadZipFile:
        raise ArchiveProblem("The ZIP file is damaged") from None


# -------------------------------------------------------------------- unpacking


def _gunzip(path: Path, target: Path, most: int, tell: Tell) -> None:
    tell("INFO", "Unpacking the gzip file.")
    try:
        with gzip.open(path) as file:
            _copy(file, target, most)
    except (OSError, EOFError, zlib.error):
        raise ArchiveProblem("The gzip file is damaged") from None


def _unzip(path: Path, target: Path, most: int, tell: Tell) -> None:
    with _opened(path) as archive:
        member = _table_in(archive)
        tell("INFO", f'Unpacking "{member.filename}" from the ZIP file.')
        if member.flag_bits & 1:
            raise ArchiveProblem(f'"{member.filename}" in the ZIP file is encrypted; publish it without a password')
        try:
            with archive.open(member) as file:
                _copy(file, target, most)
        except RuntimeError:  # of zipfile, for methods of compression that it does not know
            raise ArchiveProblem(f'"{member.filename}" in the ZIP file is compressed in a way we cannot read') from None
        except (BadZipFile, OSError, EOFError, zlib.error):
            raise ArchiveProblem(f'"{member.filename}" in the ZIP file is damaged') from None


def _table_in(archive: ZipFile) -> ZipInfo:
    """The one table. Of a text among others (a README) it is assumed that the others are the data."""
    members = list(_files(archive))
    if len(members) == 1:
        return members[0]
    tables = [m for m in members if m.filename.lower().endswith(TABLE_ENDINGS)]
    if len(tables) > 1:
        tables = [m for m in tables if not m.filename.lower().endswith(".txt")] or tables
    if len(tables) == 1:
        return tables[0]
    names = ", ".join(f'"{m.filename}"' for m in (tables or members)[:10])
    if not tables:
        raise ArchiveProblem(f"The ZIP file has no table in it: {names}" if names else "The ZIP file is empty")
    raise ArchiveProblem(f"The ZIP file has {len(tables)} tables in it, publish each on its own: {names}")


def _files(archive: ZipFile) -> Iterator[ZipInfo]:
    for member in archive.infolist():
        parts = member.filename.split("/")
        if not member.is_dir() and "__MACOSX" not in parts and not parts[-1].startswith("."):
            yield member


def _copy(file: IO[bytes] | gzip.GzipFile, target: Path, most: int) -> None:
    size = 0
    with target.open("wb") as out:
        while piece := file.read(PIECE):
            size += len(piece)
            if size > most:
                raise TooLarge("process", size, most)
            out.write(piece)
