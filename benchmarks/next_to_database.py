"""Packages out of CKAN's datastore's database, held against psql's COPY, CKAN's dump and the way through the API.

    python -m benchmarks.next_to_database --api-url https://host/api/3/action/datastore_search --resource-id ID \\
        --database postgresql://reader@host/datastore [--key-file FILE] [--times 3] [--formats csv,jsonl]

Each round does all of it, one after the other, so that a busy machine is busy for all; printed are medians of seconds,
CPU seconds of this process, and ratios. Packages go nowhere: their bytes are counted.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2

from benchmarks.compare_with_ckan import Site
from packager.streaming.formats import registry
from packager.streaming.pipeline import Build, TableContent, shapes_for
from packager.streaming.sources.datastore_copy import DatastoreTable
from packager.streaming.types import Query, Shape

Figures = dict[str, list[tuple[float, float]]]


def package(site: Site, format_name: str, **settings: int) -> int:
    """Build one package of the whole table, with these settings of the source. Returns the bytes of the archive."""
    format = next(f for f in registry.builtin() if f.name == format_name)
    options = format.check({})
    table = site.source(**settings).open(Query(site.resource_id), shapes_for(format, options))
    if isinstance(table, DatastoreTable) is not bool(site.database):
        raise SystemExit("The rows do not come from where they should.")
    return sum(map(len, Build(TableContent(table, format, options))))


def statement(site: Site) -> str:
    """The COPY that the portal uses for CSV, in one piece."""
    table = site.source().open(Query(site.resource_id), [Shape.CSV])
    assert isinstance(table, DatastoreTable)
    connection = psycopg2.connect(site.database)
    text = table.statement.as_string(connection)
    connection.close()
    table.close()
    return text


def jobs(site: Site, formats: list[str]) -> Iterator[tuple[str, Callable[[], object]]]:
    """What is measured: its name, and how it is done."""
    through_api = Site(site.api_url, site.resource_id, site.key)
    copy = ["psql", "--no-psqlrc", "--quiet", "--command", statement(site), site.database or ""]
    dump = f"{site.api_url.rpartition('/api/')[0]}/datastore/dump/{site.resource_id}"
    curl = ["curl", "--silent", "--fail", "--header", f"Authorization: {site.key or ''}", dump]
    yield "psql COPY", lambda: subprocess.run(copy, stdout=subprocess.DEVNULL, check=True)
    for name in formats:
        yield f"{name} from the database", lambda name=name: package(site, name)
    yield "CKAN's dump by curl", lambda: subprocess.run(curl, stdout=subprocess.DEVNULL, check=True)
    for name in formats:
        yield f"{name} through the API", lambda name=name: package(through_api, name)


def measured(site: Site, formats: list[str], times: int, only: str) -> Figures:
    """Seconds and CPU seconds of each job, ``times`` times."""
    found: Figures = defaultdict(list)
    for _ in range(times):
        for name, do in jobs(site, formats):
            if only in name:
                wall, cpu = time.perf_counter(), time.process_time()
                do()
                found[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--api-url", required=True, help="of datastore_search")
    parser.add_argument("--resource-id", required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--key-file", type=Path)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--formats", default="csv,jsonl")
    parser.add_argument("--only", default="", help="only what has this in its name")
    given = parser.parse_args()
    key = given.key_file.read_text().strip() if given.key_file else None
    site = Site(given.api_url, given.resource_id, key, given.database)
    found = measured(site, given.formats.split(","), given.times, given.only)
    medians = {name: statistics.median(wall for wall, _ in figures) for name, figures in found.items()}
    for name, figures in found.items():
        cpu = statistics.median(cpu for _, cpu in figures)
        ratios = [f"{medians[other] / medians[name]:5.2f} x {other}" for other in medians if other != name]
        shown = " ".join(f"{wall:.2f}" for wall, _ in figures)
        print(f"{name:28} {medians[name]:6.2f} s  cpu {cpu:5.2f} s  [{shown}]")
        if "database" in name:
            print(*(f"{'':10}{ratio}" for ratio in ratios), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
