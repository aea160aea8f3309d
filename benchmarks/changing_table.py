"""Reads a table of a real CKAN while it is changed without pause, under every plan and shape of page.

    python -m benchmarks.changing_table --ckan http://127.0.0.1:5055 --key-file TOKEN [--rows 20000] [--times 3]

Makes a dataset of its own and deletes it again. Every reading must end in one of two ways: the rows that were there all
the time came exactly once, or it failed and said that the table changed. Prints a line for each; exits 1 otherwise.
With ``--database postgresql://...`` the rows come out of CKAN's DataStore's database, and every reading must be exactly
the table as it was after one of the changes.
"""

from __future__ import annotations

import argparse
import csv
import io
import itertools
import json
import random
import sys
import threading
import time
import urllib.request
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from packager.errors import ChangedWhileRead, IncompleteData
from packager.streaming.http import AddressRule
from packager.streaming.sources.base import Table, TableSource
from packager.streaming.sources.ckan import CkanSource
from packager.streaming.sources.datastore import DatastoreSource
from packager.streaming.sources.datastore_connection import Limits
from packager.streaming.sources.datastore_copy import DatastoreTable
from packager.streaming.types import Query, RowsPage, Shape, TextPage

QUERIES = {
    "whole": Query(""),
    "sorted by a column that changes": Query("", sort="place desc"),
    "filtered by a column that changes": Query("", filters={"kind": ["a", "b"]}),
    "some columns": Query("", fields=("number", "kind")),
}


Row = tuple[int, int, str]  # number, place, kind


def sum_of(rows: Iterable[Row], called: str) -> int:
    """A number that only these rows have, as far as the query called so shows them."""
    if called == "filtered by a column that changes":
        rows = (row for row in rows if row[2] in "ab")
    parts = ((row[0], row[2]) if called == "some columns" else row for row in rows)
    return sum(map(hash, parts))


class Ckan:
    """A few actions of a CKAN."""

    def __init__(self, url: str, key: str) -> None:
        self.url, self._key = url.rstrip("/"), key

    def act(self, action: str, **data: Any) -> Any:
        """The result of an action."""
        headers = {"Authorization": self._key, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/3/action/{action}", json.dumps(data).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["result"]


class Writer(threading.Thread):
    """Inserts, deletes and updates without pause until ``stop``.

    ``kinds`` has the rows that are there by their number; it is kept up. ``gone`` and ``updated`` are the numbers of
    rows that did not just stay.
    """

    def __init__(self, ckan: Ckan, resource: str, kinds: dict[int, str]) -> None:
        super().__init__(daemon=True)
        self._ckan, self._resource, self.kinds = ckan, resource, kinds
        self._rows: dict[int, Row] = {}
        self.sums = {called: [0] for called in QUERIES}
        self._over = threading.Event()
        self.gone: set[int] = set()
        self.updated: set[int] = set()
        self.changes = 0

    def run(self) -> None:
        """One change after the other."""
        while not self._over.is_set():
            random.choice((self._insert, self._delete, self._update, self._update))()
            self.changes += 1

    def stop(self) -> None:
        """End after the change under way."""
        self._over.set()
        self.join()

    def _insert(self) -> None:
        first = max(self.kinds) + 1
        self.write("insert", range(first, first + 20))

    def _delete(self) -> None:
        gone = random.sample(sorted(self.kinds), 20)
        self.gone.update(gone)
        self._ckan.act("datastore_records_delete", resource_id=self._resource, filters={"number": gone}, force=True)
        self._note([self._rows.pop(number) for number in gone], [])
        for number in gone:
            del self.kinds[number]

    def _update(self) -> None:
        some = random.sample(sorted(self.kinds), 50)
        self.updated.update(some)
        self.write("upsert", some)

    def write(self, method: str, numbers: Iterable[int]) -> None:
        """Insert or update rows."""
        records = [
            {"number": number, "place": random.randrange(10**9), "kind": random.choice("abc")} for number in numbers
        ]
        self._ckan.act("datastore_upsert", resource_id=self._resource, method=method, records=records, force=True)
        self.kinds.update({record["number"]: record["kind"] for record in records})
        made: list[Row] = [(record["number"], record["place"], record["kind"]) for record in records]
        self._note([self._rows[row[0]] for row in made if row[0] in self._rows], made)
        self._rows.update({row[0]: row for row in made})

    def _note(self, gone: Iterable[Row], made: Iterable[Row]) -> None:
        """Remember what each query shows after a change."""
        gone, made = list(gone), list(made)
        for called, sums in self.sums.items():
            sums.append(sums[-1] - sum_of(gone, called) + sum_of(made, called))


def rows_of(table: Table, shape: Shape) -> list[Row]:
    """All rows that come, without ``_id``; a place that does not come is 0."""
    names = [field.name for field in table.fields]
    places = [names.index(name) if name in names else None for name in ("number", "place", "kind")]

    def row(values: Sequence[Any]) -> Row:
        number, place, kind = (0 if at is None else values[at] for at in places)
        return int(str(number)), int(str(place)), str(kind)

    found: list[Row] = []
    for page in table.pages():
        if isinstance(page, TextPage):
            text = io.StringIO(b"".join(page.chunks).decode(), newline="")
            found += map(row, csv.reader(text, delimiter="," if shape is Shape.CSV else "\t"))
        elif isinstance(page, RowsPage):
            found += map(row, page.rows)
        else:
            found += [row([json.loads(line).get(name) for name in names]) for line in page.rows]
    return found


def reading(source: TableSource, query: Query, shape: Shape, writer: Writer, called: str) -> str:
    """How one reading ended while ``writer`` wrote: ``whole``, ``one moment``, ``said``, or what was wrong."""
    before = dict(writer.kinds)
    writer.start()
    try:
        table = source.open(query, [shape])
        rows = rows_of(table, shape)
    except (ChangedWhileRead, IncompleteData) as error:
        return f"said: {error.code}"
    finally:
        writer.stop()
    if isinstance(source, DatastoreSource):
        if not isinstance(table, DatastoreTable):
            return "WRONG: through the API"
        shown = sum((hash((row[0], row[2])) if called == "some columns" else hash(row)) for row in rows)
        return "one moment" if shown in writer.sums[called] else "WRONG: of several moments"
    seen = Counter(row[0] for row in rows)
    stayed = before.keys() - writer.gone
    if query.filters:
        stayed = {one for one in stayed - writer.updated if before[one] in "ab"}
    missing, twice = stayed - seen.keys(), sum(times > 1 for times in seen.values())
    return f"WRONG: {len(missing)} missing, {twice} twice" if missing or twice else "whole"


def main() -> int:
    """Reads every query in every shape, while a writer writes, and prints how it ended."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ckan", required=True)
    parser.add_argument("--key-file", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--times", type=int, default=3, help="readings of each query in each shape")
    parser.add_argument("--database", help="read from this DataStore database, as the portal would next to it")
    given = parser.parse_args()
    key = given.key_file.read_text().strip()
    ckan, name = Ckan(given.ckan, key), f"changing-{uuid.uuid4().hex[:8]}"
    owner = ckan.act("organization_list_for_user")[0]["id"]
    dataset = ckan.act("package_create", name=name, owner_org=owner)["id"]
    rule = AddressRule((urlsplit(ckan.url).hostname or "",))
    api = CkanSource(f"{ckan.url}/api/3/action/datastore_search", key=key, rule=rule, page_size=1000)
    source = DatastoreSource(api, given.database, Limits(10, 300, 3600)) if given.database else api
    try:
        outcomes = [_tried(ckan, source, dataset, *job, given.rows) for job in _jobs(given.times)]
    finally:
        ckan.act("package_delete", id=dataset)
    print(dict(Counter(outcomes)))
    return int(any(outcome.startswith("WRONG") for outcome in outcomes))


def _jobs(times: int) -> Iterator[tuple[str, Shape]]:
    for called, shape, _ in itertools.product(QUERIES, Shape, range(times)):
        yield called, shape


def _tried(ckan: Ckan, source: TableSource, dataset: str, called: str, shape: Shape, rows: int) -> str:
    fields = [{"id": "number", "type": "int"}, {"id": "place", "type": "int"}, {"id": "kind", "type": "text"}]
    made = ckan.act(
        "datastore_create", resource={"package_id": dataset}, fields=fields, primary_key="number", force=True
    )
    resource = made["resource_id"]
    writer = Writer(ckan, resource, {})
    for start in range(0, rows, 5000):
        writer.write("insert", range(start, min(start + 5000, rows)))
    begun = time.monotonic()
    outcome = reading(source, replace(QUERIES[called], resource_id=resource), shape, writer, called)
    seconds = time.monotonic() - begun
    print(f"{outcome:32} {shape.value:8} {called:32} {writer.changes:4} changes {seconds:6.1f} s", flush=True)
    ckan.act("datastore_delete", resource_id=resource, force=True)
    return outcome


if __name__ == "__main__":
    sys.exit(main())
