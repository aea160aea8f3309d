"""Large XLSX sheets as a stream over expat: bounded by the texts that the sheets share, not by their rows.

What is read is in ECMA-376, Part 1: workbook (18.2), sheets (18.3), shared strings (18.4), styles (18.8).
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from posixpath import join, normpath
from typing import IO, Any
from xml.parsers.expat import ParserCreate
from zipfile import ZipFile

PIECE = 1 << 18
ERRORS = frozenset({"#N/A", "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#GETTING_DATA"})
#: Built-in number formats that are dates or times (18.8.30), and those of East Asian languages.
_DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_NOT_CODE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
_DURATION = re.compile(r"\[[hms]+\]", re.IGNORECASE)
_REFERENCE = re.compile(r"([A-Z]+)([0-9]+)")

Sheet = tuple[str, Iterator[list[str]]]


def sheets(path: Path) -> Iterator[Sheet]:
    """Name and rows of each sheet, in the order of the workbook. Rows are texts as ``workbook`` gives them.

    Raises whatever zipfile and expat raise for a file that breaks the standard; ``workbook`` translates it.
    """
    with ZipFile(path) as archive:
        book = _Book(archive)
        for name, member in book.sheets:
            yield name, book.rows(member)


# ---------------------------------------------------------------------- values


def number_text(value: float) -> str:
    """Whole numbers without ``.0``."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)


def moment_text(value: datetime) -> str:
    """A date without a time of day where it has none."""
    return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat()


def duration_text(value: timedelta) -> str:
    """Hours, minutes and seconds, beyond 24 hours too."""
    minutes, seconds = divmod(value.total_seconds(), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours:02}:{minutes:02}:{seconds:06.3f}".removesuffix(".000")


class _Texts:
    """The shared strings in one buffer: a Python string each would take three times the room."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("Q", [0])

    def append(self, text: str) -> None:
        self._bytes += text.encode("utf-8", "replace")
        self._ends.append(len(self._bytes))

    def __getitem__(self, index: int) -> str:
        return self._bytes[self._ends[index] : self._ends[index + 1]].decode()


# -------------------------------------------------------------------- the parts


class _Book:
    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive
        self._names = set(archive.namelist())
        targets = self._targets()
        self.sheets: list[tuple[str, str]] = []
        self._epoch = datetime(1899, 12, 30)
        self._walk("xl/workbook.xml", lambda tag, at: self._of_workbook(tag, at, targets))
        self._kinds = self._styles()
        self._texts = self._shared()

    def _walk(self, member: str, start: Callable[[str, dict[str, str]], None]) -> None:
        parser = ParserCreate()
        parser.StartElementHandler = lambda tag, attributes: start(_local(tag), attributes)
        with self._archive.open(member) as file:
            parser.ParseFile(file)

    def _targets(self) -> dict[str, str]:
        found: dict[str, str] = {}

        def start(tag: str, at: dict[str, str]) -> None:
            if tag == "Relationship":
                found[at["Id"]] = normpath(join("/xl", at["Target"])).lstrip("/")

        self._walk("xl/_rels/workbook.xml.rels", start)
        return found

    def _of_workbook(self, tag: str, at: dict[str, str], targets: dict[str, str]) -> None:
        if tag == "sheet":
            reference = next(value for name, value in at.items() if name.endswith(":id"))
            if "worksheets" in targets.get(reference, ""):
                self.sheets.append((at["name"], targets[reference]))
        elif tag == "workbookPr" and at.get("date1904") in ("1", "true"):
            self._epoch = datetime(1904, 1, 1)

    def _styles(self) -> list[str]:
        """For each cell style: "date", "duration" or nothing."""
        kinds: list[str] = []
        formats: dict[int, str] = {}
        inside = [False]

        def start(tag: str, at: dict[str, str]) -> None:
            if tag == "numFmt":
                formats[int(at["numFmtId"])] = at["formatCode"]
            elif tag in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
                inside[0] = tag == "cellXfs"
            elif tag == "xf" and inside[0]:
                kinds.append(_kind(int(at.get("numFmtId", 0)), formats))

        if "xl/styles.xml" in self._names:
            self._walk("xl/styles.xml", start)
        return kinds

    def _shared(self) -> _Texts:
        texts = _Texts()
        if "xl/sharedStrings.xml" in self._names:
            with self._archive.open("xl/sharedStrings.xml") as file:
                _TextsParser(texts).parse(file)
        return texts

    def rows(self, member: str) -> Iterator[list[str]]:
        """The rows of a sheet; those that are left out in the file are empty."""
        parser = _SheetParser(self._texts, self._kinds, self._epoch)
        with self._archive.open(member) as file:
            while piece := file.read(PIECE):
                parser.feed(piece)
                yield from parser.taken()
        parser.feed(b"", final=True)
        yield from parser.taken()


def _local(tag: str) -> str:
    return tag.rpartition(":")[2]


def _kind(number: int, formats: dict[int, str]) -> str:
    code = formats.get(number)
    if code is None:
        return "duration" if number == 46 else "date" if number in _DATE_FORMATS else ""
    code = _NOT_CODE.sub("", code.partition(";")[0])
    if _DURATION.search(code):
        return "duration"
    return "date" if re.search(r"[ymdhs]", code, re.IGNORECASE) and "General" not in code else ""


class _TextsParser:
    """Collects the shared strings; phonetic readings (``rPh``) are not part of them."""

    def __init__(self, texts: _Texts) -> None:
        self._texts = texts
        self._parts: list[str] = []
        self._open = self._phonetic = False

    def parse(self, file: IO[bytes]) -> None:
        parser = ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._text
        parser.ParseFile(file)

    def _start(self, tag: str, _: dict[str, str]) -> None:
        tag = _local(tag)
        self._open = tag == "t" and not self._phonetic
        if tag == "rPh":
            self._phonetic = True

    def _end(self, tag: str) -> None:
        tag = _local(tag)
        self._open = False
        if tag == "rPh":
            self._phonetic = False
        elif tag == "si":
            self._texts.append(unescaped("".join(self._parts)))
            self._parts.clear()

    def _text(self, text: str) -> None:
        if self._open:
            self._parts.append(text)


def unescaped(text: str) -> str:
    """``_x000D_`` as the character that it stands for (22.9.2.19)."""
    if "_x" not in text:
        return text
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text)


class _SheetParser:
    """Rows of one sheet, as far as they have been fed."""

    def __init__(self, texts: _Texts, kinds: list[str], epoch: datetime) -> None:
        self._texts, self._kinds, self._epoch = texts, kinds, epoch
        self._done: list[list[str]] = []
        self._row: list[str] = []
        self._number = 0
        self._cell: dict[str, Any] = {}
        self._parts: list[str] = []
        self._open = False
        self._parser = ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler, self._parser.EndElementHandler = self._start, self._end
        self._parser.CharacterDataHandler = self._text

    def feed(self, piece: bytes, final: bool = False) -> None:
        self._parser.Parse(piece, final)

    def taken(self) -> list[list[str]]:
        """The rows since the last call."""
        done, self._done = self._done, []
        return done

    def _start(self, tag: str, at: dict[str, str]) -> None:
        tag = _local(tag)
        if tag == "c":
            self._cell = at
            self._parts.clear()
        elif tag in ("v", "t"):
            self._open = True
        elif tag == "row":
            self._begin_row(int(at.get("r", self._number + 1)))

    def _begin_row(self, number: int) -> None:
        # a reference far down is no reason to make millions of empty rows
        self._done.extend([] for _ in range(min(number - self._number - 1, 10_000)))
        self._number, self._row = number, []

    def _text(self, text: str) -> None:
        if self._open:
            self._parts.append(text)

    def _end(self, tag: str) -> None:
        tag = _local(tag)
        if tag in ("v", "t"):
            self._open = False
        elif tag == "c":
            self._put("".join(self._parts))
        elif tag == "row":
            self._done.append(self._row)

    def _put(self, text: str) -> None:
        place = _column(self._cell.get("r", "")) or len(self._row) + 1
        if text:
            self._row.extend([""] * (place - len(self._row) - 1))
            self._row.append(self._value(text))

    def _value(self, text: str) -> str:
        kind = self._cell.get("t", "n")
        if kind == "s":
            return self._texts[int(text)]
        if kind == "n":
            return self._number_or_date(text)
        if kind == "b":
            return "TRUE" if text.strip() == "1" else "FALSE"
        if kind == "e":
            return ""
        return unescaped(text) if kind in ("str", "inlineStr") else text

    def _number_or_date(self, text: str) -> str:
        value, style = float(text), int(self._cell.get("s", 0))
        kind = self._kinds[style] if style < len(self._kinds) else ""
        if kind == "duration":
            return duration_text(timedelta(days=value))
        return self._date(value) if kind == "date" else number_text(value)

    def _date(self, value: float) -> str:
        milliseconds = round(value * 86_400_000)
        moment = self._epoch + timedelta(milliseconds=milliseconds)
        return moment.time().isoformat() if 0 <= value < 1 else moment_text(moment)


def _column(reference: str) -> int:
    """AB12 is column 28; 0 if it says nothing."""
    found = _REFERENCE.fullmatch(reference)
    number = 0
    for letter in found[1] if found else "":
        number = number * 26 + ord(letter) - 64
    return number
