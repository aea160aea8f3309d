"""Compares what the engine reads with what CKAN itself dumps (``/datastore/dump``), byte for byte and cell for cell.

    python -m benchmarks.compare_with_ckan --api-url https://host/api/3/action/datastore_search --resource-id ID

Prints a line for each case and exits 1 if one differs. The filters, words and columns are taken from the first rows.
With ``--database postgresql://...`` the rows come from CKAN's datastore's database; a line says so where they do not.
"""

from __future__ import annotations

import argparse
import csv
import io
import itertools
import json
import logging
import re
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import msgspec

from packager.errors import PackagerError
from packager.streaming.http import AddressRule, HttpClient
from packager.streaming.sources.base import TableSource
from packager.streaming.sources.ckan import CkanSource
from packager.streaming.sources.datastore import DatastoreSource
from packager.streaming.sources.datastore_connection import Limits
from packager.streaming.types import Field, Query, Shape

BLOCK = 1 << 18


@dataclass
class Site:
    """A CKAN, one resource of it, and the key to read it with."""

    api_url: str
    resource_id: str
    key: str | None
    database: str | None = None

    @property
    def rule(self) -> AddressRule:
        """Permits this CKAN alone."""
        return AddressRule((urlsplit(self.api_url).netloc,))

    def open(self, query: Query, shape: Shape):
        """The engine's table."""
        return self.source().open(query, [shape])

    def source(self, **settings) -> TableSource:
        """The engine's source: the database, if one is named, else the API."""
        api = CkanSource(self.api_url, key=self.key, rule=self.rule, **settings)
        return DatastoreSource(api, self.database, Limits(10, 300, 3600)) if self.database else api

    def dump(self, query: Query, shape: Shape, columns: list[str]) -> Iterator[bytes]:
        """CKAN's own dump. ``columns`` are named with ``q``, so that no rank is added."""
        named = {
            "format": shape.value,
            "filters": json.dumps(dict(query.filters)) if query.filters else None,
            "q": query.q,
            "fields": ",".join(query.fields or (columns if query.q else [])) or None,
            "sort": f"{query.sort}, _id" if query.sort else None,
            "limit": query.limit,
            "offset": query.offset or None,
        }
        given = {name: value for name, value in named.items() if value is not None}
        root = self.api_url.rpartition("/api/")[0]
        client = HttpClient(self.rule, key=self.key, key_for=self.api_url)
        answer = client.get(f"{root}/datastore/dump/{self.resource_id}?{urlencode(given)}", {})
        return client.stream(answer, BLOCK)


def without_header(dump: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The header line, and the rest."""
    first = next(dump, b"")
    header, _, rest = first.partition(b"\n")
    return header.rstrip(b"\r"), itertools.chain([rest], dump)


def first_difference(ours: Iterator[bytes], theirs: Iterator[bytes]) -> str | None:
    """Where two texts differ; None if they do not."""
    position, left, right = 0, b"", b""
    while True:
        left, right = left or next(filter(None, ours), b""), right or next(filter(None, theirs), b"")
        shared = min(len(left), len(right))
        if left[:shared] != right[:shared]:
            return f"differs after byte {position}"
        if not shared:
            return f"one ends at byte {position}" if left or right else None
        position, left, right = position + shared, left[shared:], right[shared:]


def header_of(fields: list[Field], shape: Shape) -> bytes:
    """The header line as Python's csv writes it, which CKAN uses."""
    line = io.StringIO()
    csv.writer(line, delimiter="," if shape is Shape.CSV else "\t", lineterminator="").writerow(f.name for f in fields)
    return line.getvalue().encode()


def compare_text(site: Site, query: Query, shape: Shape, columns: list[str]) -> tuple[int, str | None]:
    """Rows read, and the difference of the text if there is one."""
    table = site.open(query, shape)
    rows = 0

    def ours() -> Iterator[bytes]:
        nonlocal rows
        for page in table.pages():
            rows += page.count
            yield from page.chunks

    header, theirs = without_header(site.dump(query, shape, columns))
    problem = first_difference(ours(), theirs)
    if header != header_of(list(table.fields), shape):
        problem = "the headers differ"
    return rows, problem or next(iter(table.notes), None)


def compare_cells(site: Site, query: Query, shape: Shape, columns: list[str]) -> tuple[int, str | None]:
    """The same for values, each compared with what the cell of CKAN's CSV stands for."""
    table = site.open(query, shape)
    _, text = without_header(site.dump(query, Shape.CSV, columns))
    lines = io.TextIOWrapper(io.BufferedReader(_Readable(text)), encoding="utf-8", newline="")
    theirs = csv.reader(lines)
    csv.field_size_limit(sys.maxsize)
    number = 0
    for number, row in enumerate(_values(table), 1):
        cells = next(theirs, [])
        for field, value, cell in itertools.zip_longest(table.fields, row, cells):
            if not same(field, value, cell):
                return number, f"row {number}, column {field.name}: {value!r} is not {cell!r}"
    return number, "rows are missing" if next(theirs, None) else None


exactly = msgspec.json.Decoder(float_hook=Decimal).decode


def _values(table) -> Iterator[list]:
    for page in table.pages():
        for row in page.rows:
            if isinstance(row, bytes):
                record = exactly(row)
                yield [record[field.name] for field in table.fields]
            else:
                yield row


def same(field: Field, value: object, cell: str | None) -> bool:
    """Whether a value is what a cell of CKAN's CSV stands for."""
    if cell is None or value is None:
        return cell == "" or (cell == "null" and field.type == "json")
    if isinstance(value, bool):
        return cell == "ft"[value]
    if isinstance(value, dict | list):
        return json.dumps(value, default=float, sort_keys=True) == json.dumps(json.loads(cell), sort_keys=True)
    if isinstance(value, float | Decimal | int) and field.type != "json":
        return type(value)(cell) == value or value != value
    return str(value) == cell or (field.type == "json" and json.loads(cell) == value)


class _Readable(io.RawIOBase):
    """Pieces of bytes as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        self._rest = self._rest or next(filter(None, self._pieces), b"")
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def cases(site: Site) -> Iterator[tuple[str, Query, Shape]]:
    """What to compare: name, query, shape."""
    whole = Query(site.resource_id)
    yield "whole, csv", whole, Shape.CSV
    yield "whole, tsv", whole, Shape.TSV
    yield "whole, rows", whole, Shape.ROWS
    yield "whole, objects", whole, Shape.OBJECTS
    table = site.open(replace(whole, limit=200), Shape.ROWS)
    rows = [row for page in table.pages() for row in page.rows]
    names = [field.name for field in table.fields]
    yield "fields", replace(whole, fields=tuple(reversed(names[1:5]))), Shape.CSV
    yield "offset", replace(whole, offset=7), Shape.CSV
    yield "offset and limit", replace(whole, offset=5, limit=345), Shape.CSV
    yield "offset beyond the end", replace(whole, offset=10**8), Shape.CSV
    yield "sort by number descending", replace(whole, sort=f"{ID_COLUMN} desc", limit=1000), Shape.CSV
    if rows:
        yield from _cases_of_texts(whole, list(table.fields), rows)


ID_COLUMN = "_id"


def _cases_of_texts(whole: Query, fields: list[Field], rows: list) -> Iterator[tuple[str, Query, Shape]]:
    texts = [i for i, field in enumerate(fields) if field.type == "text" and len(set(_plain(rows, i))) > 1]
    if not texts:
        return
    place = min(texts, key=lambda i: len(set(_plain(rows, i))))
    name = fields[place].name
    values = sorted(set(_plain(rows, place)))
    word = max(re.findall(r"[^\W\d_]+", " ".join(values)), key=len)
    yield "filter", replace(whole, filters={name: values[-1]}), Shape.CSV
    yield "filter, several values", replace(whole, filters={name: values[:3]}), Shape.CSV
    yield "filter, offset and limit", replace(whole, filters={name: values[-1]}, offset=3, limit=50), Shape.CSV
    yield "sort", replace(whole, sort=f'"{name}" desc', limit=100_000), Shape.CSV
    yield "sort, rows", replace(whole, sort=f'"{name}"', limit=10_000), Shape.ROWS
    for shape in Shape:
        yield f"q, {shape}", replace(whole, q=word), shape
    yield "q and filter", replace(whole, q=word, filters={name: values[-1]}), Shape.CSV


def _plain(rows: list, place: int) -> list[str]:
    """The values of a column that can be asked for in an address without care."""
    given = [row[place] for row in rows if row[place] and row[place].strip('" ')]
    return [value for value in given if value.isprintable() and len(value) < 100]


def run(site: Site, columns: list[str]) -> bool:
    """Print a line for each case. True if none differs."""
    good = True
    for name, query, shape in cases(site):
        compare: Callable = compare_text if shape in (Shape.CSV, Shape.TSV) else compare_cells
        started = time.perf_counter()
        try:
            rows, problem = compare(site, query, shape, columns)
        except PackagerError as error:
            rows, problem = 0, f"{type(error).__name__}: {error}"
        good = good and problem is None
        print(f"{problem or 'same':<12} {name:<28} {rows:>9,} rows {time.perf_counter() - started:7.2f} s", flush=True)
    return good


def main() -> int:
    """0 if all is the same."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--api-url", required=True, help="of datastore_search")
    parser.add_argument("--resource-id", required=True)
    parser.add_argument("--key-file", type=Path, help="a file that holds the API key")
    parser.add_argument("--database", help="read from this datastore database, as the portal would next to it")
    arguments = parser.parse_args()
    logging.basicConfig(format="         %(message)s", level=logging.INFO)
    key = arguments.key_file.read_text().strip() if arguments.key_file else None
    site = Site(arguments.api_url, arguments.resource_id, key, arguments.database)
    columns = [field.name for field in site.open(Query(site.resource_id), Shape.ROWS).fields]
    good = run(site, columns)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:.0f} MiB")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
