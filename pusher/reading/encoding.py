"""Which encoding a text file is in. The whole file is looked at, once, without decoding more than UTF-8."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from charset_normalizer import from_bytes

from pusher.errors import NotATable

PIECE = 1 << 20
#: As much as charset-normalizer gets to see; it takes 9 s for 100 MB.
SAMPLE = 1 << 16
#: From this share of letters beyond ASCII on, a guess is better than the fallback.
FOREIGN_SHARE = 0.4
#: A "line" of more bytes than this is none: nothing that has lines looks like that.
LONGEST_LINE = 64 << 20

_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_ASCII_LETTERS = bytes(range(0x41, 0x5B)) + bytes(range(0x61, 0x7B))
_HIGH = bytes(range(0x80, 0x100))
_NOT_LETTERS = bytes(set(range(256)) - set(_ASCII_LETTERS))
_NOT_HIGH = bytes(range(0x80))
LATIN = "pusher-latin-1"


@dataclass(frozen=True)
class Encoding:
    """``name`` for ``codecs``; ``has_nul`` says that there are NUL bytes to leave out."""

    name: str
    has_nul: bool


def as_latin_1(error: UnicodeError) -> tuple[str, int]:
    """Bytes that an encoding does not define, as Latin-1 has them; an odd end of UTF-16 as U+FFFD."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return ("\ufffd" if error.encoding.startswith("utf") else bad.decode("latin-1")), error.end


codecs.register_error(LATIN, as_latin_1)


@dataclass
class _Scan:
    """What the bytes of the file tell."""

    utf8: bool = True
    nul: bool = False
    letters: int = 0
    high: int = 0
    line: int = 0
    foreign: bytes = b""

    def add(self, piece: bytes) -> None:
        self.nul = self.nul or b"\0" in piece
        self.letters += len(piece.translate(None, _NOT_LETTERS))
        high = len(piece.translate(None, _NOT_HIGH))
        self.high += high
        if high and len(self.foreign) < SAMPLE:
            self.foreign += _around_high(piece)[: SAMPLE - len(self.foreign)]
        end = max(piece.rfind(b"\n"), piece.rfind(b"\r"))
        self.line = len(piece) - end if end >= 0 else self.line + len(piece)
        if self.line > LONGEST_LINE:
            raise NotATable("one line without an end")


def _around_high(piece: bytes) -> bytes:
    """The lines that hold bytes beyond ASCII: those tell the encoding."""
    return b"\n".join(line for line in piece[: SAMPLE * 8].splitlines() if not line.isascii())


def detect(path: Path, fallback: str, *, cut_off: bool = False) -> Encoding:
    """The encoding of the file: its BOM's, UTF-8 if all of it is, what its letters suggest, or ``fallback``.

    The cut of a file that is ``cut_off`` may go through a letter.

    Raises:
        NotATable: it has no lines.
    """
    with path.open("rb") as file:
        start = file.read(4)
    for bom, name in _BOMS.items():
        if start.startswith(bom):
            return Encoding(name, has_nul=True)
    scan = _scan(path, cut_off)
    if scan.utf8:
        return Encoding("utf-8", scan.nul)
    return Encoding(_guess(scan) or fallback, scan.nul)


def _scan(path: Path, cut_off: bool) -> _Scan:
    scan, decoder = _Scan(), codecs.getincrementaldecoder("utf-8")()
    for piece in _pieces(path):
        scan.add(piece)
        scan.utf8 = scan.utf8 and _decodes(decoder, piece)
    scan.utf8 = scan.utf8 and _decodes(decoder, b"", final=not cut_off)
    return scan


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def _decodes(decoder: codecs.IncrementalDecoder, piece: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(piece, final)
    except UnicodeDecodeError:
        return False
    return True


def _guess(scan: _Scan) -> str:
    if scan.high < FOREIGN_SHARE * (scan.high + scan.letters):
        return ""
    best = from_bytes(scan.foreign).best()
    # UTF-16 without a mark is what it sees in a handful of letters
    return best.encoding if best and not best.encoding.startswith("utf") else ""


def opened(path: Path, encoding: Encoding) -> TextIO:
    """The file as text, with its line ends as they are."""
    return path.open(encoding=encoding.name, errors=LATIN, newline="")


def lines_of(file: TextIO, encoding: Encoding) -> Iterator[str]:
    """The lines of a file with their ends, NUL left out."""
    return (line.replace("\0", "") for line in file) if encoding.has_nul else iter(file)
