"""How fast archives are made: deflate engines side by side, and the ways a row can take through CSV.

    python -m benchmarks.archive

Takes about twenty seconds. Every figure is the best of the runs that fit into a slot, as a multiple of the first line
of its table: multiples travel from machine to machine, seconds do not.
"""

from __future__ import annotations

import csv
import io
import random
import time
import zlib
from collections.abc import Callable, Iterator

from isal import isal_zlib

from packager.streaming.formats.base import Options
from packager.streaming.formats.delimited import CSV, line_of, parsed
from packager.streaming.pipeline import Build, TableContent
from packager.streaming.types import Field, Page, RowsPage, Shape, TextPage

ROWS = 32_000
PAGES = 3
SLOT = 1.2
FIELDS = [Field("_id", "int4"), Field("lat", "float8"), *(Field(f"text{i}", "text") for i in range(10))]


class Pages:
    """A table of PAGES times the same page."""

    fields, expected, notes = FIELDS, ROWS * PAGES, ()

    def __init__(self, shape: Shape, page: Callable[[], Page]) -> None:
        self.shape, self._page = shape, page

    def pages(self) -> Iterator[Page]:
        return (self._page() for _ in range(PAGES))

    def close(self) -> None:
        pass


def sample() -> bytes:
    """One page of CSV: part repetitive, part random, some cells quoted."""
    chance, line = random.Random(1), line_of(",")
    words = ["Parus major", "PreservedSpecimen", "Côte d'Ivoire", 'Plot, "Old Mill"', "", "line one\nline two"]

    def row(number: int) -> str:
        noise = [f"{chance.getrandbits(64):x}", f"NHMUK {number:09}"]
        return line([str(number), repr(chance.uniform(-90, 90)), *noise, *chance.choices(words, k=8)])

    return "".join(map(row, range(ROWS))).encode()


def best(work: Callable[[], object]) -> float:
    """Seconds of the fastest run in a slot."""
    fastest, end = float("inf"), time.perf_counter() + SLOT
    while time.perf_counter() < end:
        start = time.perf_counter()
        work()
        fastest = min(fastest, time.perf_counter() - start)
    return fastest


def show(title: str, runs: dict[str, tuple[float, str]]) -> None:
    base = next(iter(runs.values()))[0]
    print(f"\n{title}")
    for name, (seconds, remark) in runs.items():
        print(f"  {name:<44}{base / seconds:7.1f} x   {remark}")


def deflate(make: Callable[[], object], text: bytes) -> tuple[float, str]:
    def work() -> int:
        engine = make()
        return sum(len(engine.compress(text[i : i + (1 << 20)])) for i in range(0, len(text), 1 << 20)) + len(
            engine.flush()
        )

    return best(work), f"size 1/{len(text) / work():.2f}"


def engines(text: bytes) -> dict[str, tuple[float, str]]:
    makers = {f"zlib {level}": lambda level=level: zlib.compressobj(level, wbits=-15) for level in (6, 1, 0)}
    makers |= {f"isal {level}": lambda level=level: isal_zlib.compressobj(level, wbits=-15) for level in (1, 2, 3)}
    return {name: deflate(make, text) for name, make in makers.items()}


def build(shape: Shape, page: Callable[[], Page], options: Options) -> tuple[float, str]:
    def work() -> None:
        for _ in Build(TableContent(Pages(shape, page), CSV, CSV.check(options))):
            pass

    seconds = best(work)
    return seconds, f"{ROWS * PAGES / seconds / 1000:,.0f}k rows/s here"


def writer_and_zlib(rows: list[list[object]]) -> tuple[float, str]:
    """What a plain program does: csv.writer, then zlib as it comes."""

    def work() -> None:
        engine = zlib.compressobj(wbits=-15)
        for _ in range(PAGES):
            buffer = io.StringIO()
            csv.writer(buffer, lineterminator="\n").writerows(rows)
            engine.compress(buffer.getvalue().encode())
        engine.flush()

    seconds = best(work)
    return seconds, f"{ROWS * PAGES / seconds / 1000:,.0f}k rows/s here"


def ways(text: bytes) -> dict[str, tuple[float, str]]:
    rows = [[int(row[0] or 0), float(row[1] or 0), *row[2:]] for row in parsed(text, ",")]
    text_page, rows_page = lambda: TextPage(ROWS, [text]), lambda: RowsPage(rows)
    return {
        "csv.writer over values, zlib 6": writer_and_zlib(rows),
        "values printed": build(Shape.ROWS, rows_page, {}),
        "text taken apart for another delimiter": build(Shape.CSV, text_page, {"delimiter": ";"}),
        "text taken apart for excel_safe": build(Shape.CSV, text_page, {"excel_safe": True}),
        "text passed through": build(Shape.CSV, text_page, {}),
    }


if __name__ == "__main__":
    page = sample()
    show(f"Deflating {len(page) / 1e6:.0f} MB of CSV", engines(page))
    show(f"{ROWS * PAGES:,} rows to an archive", ways(page))
