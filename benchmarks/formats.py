"""How fast each format is written, and in how much memory.

    python -m benchmarks.formats [FORMAT ...]

Takes about half a minute. Each writer has a process of its own and SECONDS to write the same generated page again and
again into an archive that is thrown away. ``ratio`` compares its rows a second with those of the first line: ratios
travel from machine to machine, absolute figures do not. ``memory`` is how much the peak grew from before the first row.
openpyxl and XlsxWriter are measured beside ours where they are installed.
"""

from __future__ import annotations

import io
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec

from packager.streaming.formats.base import Format
from packager.streaming.formats.delimited import CSV
from packager.streaming.formats.jsonl import JsonLines
from packager.streaming.formats.parquet import Parquet, is_available
from packager.streaming.formats.xlsx import Xlsx
from packager.streaming.pipeline import Build, TableContent
from packager.streaming.types import Field, ObjectsPage, Page, RowsPage, Shape, Value

ROWS = 8_000
SECONDS = 3.0
TEXTS = [
    "Parus major",
    "PreservedSpecimen",
    "Côte d'Ivoire",
    'Plot, "Old Mill"',
    "line one\nline two",
    "Banks & Solander",
]
FIELDS = [
    Field("_id", "int4"),
    Field("lat", "float8"),
    Field("lon", "float8"),
    Field("flag", "bool"),
    Field("when", "timestamp"),
    *(Field(f"text{number}", "text") for number in range(10)),
]


class Endless:
    """A table that gives the same page until the time is over."""

    fields, expected, notes = FIELDS, None, ()

    def __init__(self, shape: Shape, page: Page) -> None:
        self.shape, self._page, self.count = shape, page, 0

    def pages(self) -> Iterator[Page]:
        end = time.perf_counter() + SECONDS
        while time.perf_counter() < end:
            self.count += self._page.count
            yield self._page

    def close(self) -> None:
        pass


def sample() -> list[tuple[Value, ...]]:
    chance = random.Random(1)

    def row(number: int) -> tuple[Value, ...]:
        place = (None, None) if number % 10 == 0 else (chance.uniform(-90, 90), chance.uniform(-180, 180))
        when = f"{1800 + number % 220}-02-03T04:05:06.{number % 1000:03d}"
        names = (f"NHMUK {number:09}", f"{chance.getrandbits(64):x}")
        return (number, *place, number % 50 == 0, when, *names, *chance.choices([*TEXTS, None, ""], k=8))

    return [row(number) for number in range(ROWS)]


def objects(rows: Sequence[Sequence[Value]]) -> list[bytes]:
    names = [field.name for field in FIELDS]
    return [json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False).encode() for row in rows]


def ours(format: Format, shape: Shape = Shape.ROWS) -> int:
    rows = sample()
    table = Endless(shape, ObjectsPage(objects(rows)) if shape is Shape.OBJECTS else RowsPage(rows))
    for _ in Build(TableContent(table, format, format.check({}))):
        pass
    return table.count


def with_openpyxl() -> int:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet, table = book.create_sheet("Data"), Endless(Shape.ROWS, RowsPage(sample()))
    for page in table.pages():
        for row in page.rows:
            sheet.append(row)
    book.save(io.BytesIO())
    return table.count


def with_xlsxwriter() -> int:
    import xlsxwriter

    book = xlsxwriter.Workbook(io.BytesIO(), {"constant_memory": True, "strings_to_formulas": False})
    sheet, table = book.add_worksheet("Data"), Endless(Shape.ROWS, RowsPage(sample()))
    for number, row in enumerate(row for page in table.pages() for row in page.rows):
        sheet.write_row(number, 0, row)
    book.close()
    return table.count


def writers() -> dict[str, Callable[[], int]]:
    found: dict[str, Callable[[], int]] = {
        "csv": lambda: ours(CSV),
        "jsonl from objects": lambda: ours(JsonLines(), Shape.OBJECTS),
        "jsonl from rows": lambda: ours(JsonLines()),
        "xlsx": lambda: ours(Xlsx()),
    }
    if is_available():
        found["parquet"] = lambda: ours(Parquet())
    foreign = {"openpyxl": with_openpyxl, "xlsxwriter": with_xlsxwriter}
    return found | {f"xlsx by {name}": work for name, work in foreign.items() if find_spec(name)}


def peak() -> float:
    """MiB; Linux counts in KiB, macOS in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def measure(name: str) -> None:
    """What the process for one writer does."""
    objects(sample())
    before, start = peak(), time.perf_counter()
    count = writers()[name]()
    print(json.dumps({"rate": count / (time.perf_counter() - start), "memory": peak() - before}))


def main(names: Sequence[str]) -> None:
    base = 0.0
    print(f"{'':<24}{'rows/s here':>12}{'ratio':>8}{'memory':>12}")
    for name in names or writers():
        command = [sys.executable, "-m", "benchmarks.formats", "--measure", name]
        result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        base = base or result["rate"]
        print(
            f"{name:<24}{result['rate']:>12,.0f}{result['rate'] / base:>8.2f}{result['memory']:>8.0f} MiB", flush=True
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2])
    else:
        main(sys.argv[1:])
