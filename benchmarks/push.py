"""How fast files get into CKAN's DataStore: the portal beside bare calls of the same chunks, and beside a bare COPY.

Against a real CKAN, in rounds that alternate, so that a busy machine is as unfair to the one as to the other; medians
and ratios are printed. Makes a dataset and a resource of its own there, and leaves them.

    python -m benchmarks.push --ckan http://127.0.0.1:5000 --token TOKEN --owner ORGANISATION [--rows 20000]
        [--rounds 5] [--database postgresql://write@host/datastore] [--only api|copy]
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2

from packager.streaming.http import AddressRule, HttpClient, RetryPolicy
from pusher.reading.table import Table, open_table
from pusher.writing.api import ApiWriter
from pusher.writing.chunks import chunks
from pusher.writing.ckan import Ckan
from pusher.writing.copy import CopyWriter
from pusher.writing.datastore import Datastore, fields_of

HEADER = "name,country,place,collector,notes,code,species,seen,added,lat,lon,count,year,height,weight"


def make_file(path: Path, rows: int) -> None:
    """Rows of 15 columns: 7 texts, 2 times, 6 numbers."""
    with path.open("w") as file:
        file.write(f"{HEADER}\n")
        for n in range(rows):
            file.write(
                f'Specimen {n} of the collection,Brasil,"Rio de Janeiro, {n % 977}",Smith {n % 313},note {n},0{n},'
                f"Panthera onca {n % 50},{1900 + n % 120}-{1 + n % 12:02}-{1 + n % 28:02},"
                f"2020-01-01T{n % 24:02}:{n % 60:02}:{n * 7 % 60:02},{random.uniform(-90, 90):.6f},"
                f"{random.uniform(-180, 180):.6f},{n % 100},{1900 + n % 120},{n % 4000}.5,{n * 3}\n"
            )


class Site:
    """A CKAN to measure on."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url.rstrip("/"), token
        rule = AddressRule((urlsplit(url).netloc,))
        self.client = HttpClient(rule, retry_policy=RetryPolicy(read=600))
        self.ckan = Ckan(self.client, url, token)

    def resource(self, owner: str) -> str:
        """A new resource that no pusher looks at."""
        dataset = self.ckan.action("package_create", {"name": f"push-{uuid.uuid4().hex[:10]}", "owner_org": owner})
        asked = {"package_id": dataset["id"], "name": "benchmark", "url": "http://example.org/x.bin", "format": "BIN"}
        return str(self.ckan.action("resource_create", asked)["id"])

    def post(self, action: str, body: bytes) -> None:
        """A bare call."""
        headers = {"Authorization": self.token, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/3/action/{action}", body, headers)
        with urllib.request.urlopen(request, timeout=600) as answer:
            assert json.load(answer)["success"]


def bare(site: Site, resource: str, path: Path, size: int) -> None:
    """The chunks, made before the clock starts, one call after the other."""
    table = read(path)
    bodies = list(chunks(table, size, 1 << 30, lambda *_: None))
    asked = {"resource_id": resource, "force": True, "method": "insert", "calculate_record_count": False}
    head = json.dumps(asked)[:-1].encode() + b","
    there = Datastore(site.ckan, resource)
    there.delete()
    there.create(fields_of(table.columns, None))
    start = time.perf_counter()
    for chunk in bodies:
        site.post("datastore_upsert", chunk.body(head))
    raise Took(time.perf_counter() - start)


class Took(Exception):
    """Seconds."""


def portal(site: Site, resource: str, path: Path, size: int) -> None:
    """Everything that the portal does with a downloaded file."""
    table = read(path)
    writer = ApiWriter(site.ckan, resource, lambda *_: None, rows=size)
    writer.replace(table, fields_of(table.columns, None), lambda _: None, lambda: None)


def read(path: Path) -> Table:
    """The table in the file."""
    return open_table(path, Path(tempfile.mkdtemp()))


def bare_copy(site: Site, resource: str, path: Path, database: str) -> None:
    """COPY into the table that CKAN made, its trigger and index alive."""
    table = read(path)
    there = Datastore(site.ckan, resource)
    there.delete()
    there.create(fields_of(table.columns, None))
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    with (
        closing(psycopg2.connect(database)) as connection,
        connection,
        connection.cursor() as cursor,
        path.open() as file,
    ):
        next(file)
        start = time.perf_counter()
        cursor.copy_expert(f'COPY "{resource}" ({names}) FROM STDIN (FORMAT csv)', file)
        connection.commit()
        raise Took(time.perf_counter() - start)


def portal_copy(site: Site, resource: str, path: Path, database: str) -> None:
    """Everything that the portal does with a downloaded file, by COPY."""
    table = read(path)
    writer = CopyWriter(database, resource, lambda *_: None)
    writer.replace(table, fields_of(table.columns, None), lambda _: None, lambda: None)


def seconds(work: Callable[[], None]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    try:
        work()
    except Took as took:
        return float(took.args[0])
    return time.perf_counter() - start


def compare(ways: dict[str, Callable[[], None]], rows: int, rounds: int) -> None:
    """Run the ways in turn; print medians, the first being the measure of the others."""
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            took[name].append(seconds(way))
    first = next(iter(ways))
    for name, times in took.items():
        ratios = [a / b for a, b in zip(took[first], times, strict=True)]
        rate, ratio = rows / statistics.median(times), statistics.median(ratios)
        print(f"{name:40} {rate:9,.0f} rows/s   {ratio:5.2f} of the first   {[round(t, 1) for t in times]}", flush=True)


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--ckan", "--token", "--owner"):
        parser.add_argument(name, required=True)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--database", help="the datastore's database, to measure COPY as well")
    parser.add_argument("--only", choices=("api", "copy"), help="one half, where both take too long")
    options = parser.parse_args()
    random.seed(1)
    path = Path(tempfile.mkdtemp()) / "rows.csv"
    make_file(path, options.rows)
    site = Site(options.ckan, options.token)
    resource = site.resource(options.owner)
    ways: dict[str, Callable[[], None]] = {
        "bare datastore_upsert, 5,000 a call": lambda: bare(site, resource, path, 5000),
        "portal, 5,000 a call": lambda: portal(site, resource, path, 5000),
        "bare, 250 a call (DataPusher's)": lambda: bare(site, resource, path, 250),
    }
    if options.only != "copy":
        compare(ways, options.rows, options.rounds)
    if options.database and options.only != "api":
        copies: dict[str, Callable[[], None]] = {
            "bare COPY with trigger and index": lambda: bare_copy(site, resource, path, options.database),
            "portal by COPY": lambda: portal_copy(site, resource, path, options.database),
        }
        compare(copies, options.rows, options.rounds)
    site.client.close()


if __name__ == "__main__":
    main()
