"""Many at once at the web server: how submissions, other pages and slow downloads get on beside each other.

Starts gunicorn as in production (two processes of eight threads), the clusters and a CKAN stand-in, all of its own.

    python -m benchmarks.crowds [--submissions 1000] [--connections 50] [--databases SQLite PostgreSQL]

Seen on two cores that others kept busy (load 8 to 15):

| database | accepted | answers | pages: median, 99 % | drained after | 50 slow readers | 20 who ask beside them |
|---|---|---|---|---|---|---|
| SQLite | 32/s | 1,000 of 200, each once | 0.06 s, 4.6 s | 274 s | 8 served, 42 put off | accepted, pages in 0.5 s |
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

from demo.ckan import DemoCkan
from tests.processes import crowd
from tests.processes.installation import Installation, postgres_database


class Production(Installation):
    """With as many web processes as the image has."""

    def start_web(self, name: str, port: int, *options: str, **environment: str) -> None:
        """See ``Installation``."""
        super().start_web(name, port, "--workers", "2", *options, **environment)


def measure(database: str, submissions: int, connections: int, readers: int) -> str:
    """A line of the table for this kind of database."""
    with (
        tempfile.TemporaryDirectory() as folder,
        postgres_database() if database == "PostgreSQL" else nullcontext("") as url,
        DemoCkan(rows=200_000) as ckan,
        Production(Path(folder), ckan.host, **({"DATABASE_URL": url} if url else {})) as portal,
    ):
        wanted = {"resource_id": ckan.id("specimens"), "api_url": ckan.api_url}
        start = time.monotonic()
        seen = crowd.submit(portal, wanted, submissions, connections)
        took = time.monotonic() - start
        once = len(set(seen.request_ids)) == seen.answers[200] == submissions
        begun = portal.post("/package_datastore", **wanted, email="ada@example.org", limit="150000")
        link = portal.url + portal.wait(lambda: portal.download_link(begun["status_url"]), seconds=600)
        with crowd.slow_readers(link, readers) as first:
            beside = crowd.submit(portal, {**wanted, "offset": "7"}, 20, 5)
        waiting = "SELECT count(*) FROM packager_packagerequest WHERE status IN ('queued', 'running')"
        portal.wait(lambda: portal.one(waiting) == 0, seconds=1800)
        drained = time.monotonic() - start
        codes = Counter(int(line.split()[1]) for line in first)
        return (
            f"{database:11}| {submissions / took:4.0f}/s | {dict(seen.answers)}{'' if once else ' NOT ONCE EACH'}"
            f"{' WITHOUT Retry-After' * bool(seen.hasty)} | {seen.slowest(0.5):.3f} | {seen.slowest():.3f} | "
            f"{drained:.0f} s | {dict(codes)} | {dict(beside.answers)}, {beside.slowest():.3f} |"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--readers", type=int, default=50, help="who download slowly")
    parser.add_argument("--databases", nargs="+", default=["SQLite", "PostgreSQL"])
    options = parser.parse_args()
    print("database   | accepted | answers | pages: median s | 99 % | queue drained | slow readers | beside them |")
    for database in options.databases:
        print(measure(database, options.submissions, options.connections, options.readers), flush=True)


if __name__ == "__main__":
    main()
