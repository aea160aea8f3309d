"""One job of ``benchmarks.bench`` in a process of its own: prints its seconds, processor seconds and memory as JSON."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import urllib3

from benchmarks import plain
from benchmarks.compare_with_ckan import Site
from benchmarks.next_to_database import package, statement
from packager.streaming.http import AddressRule
from packager.streaming.pipeline import Build, FileContent
from packager.streaming.sources.url import UrlSource
from packager.streaming.types import Query, Shape
from portal.memory import give_back_large_blocks

#: Rows of a page, about as many as the engine asks for.
PAGE = 24_000
#: The same where pages are remembered: so few that every run asks for the same ones, however fast the first ones come.
FREE_PAGE = 16_000
#: Requests under way, as many as the engine has.
AT_A_TIME = 2


class Bare:
    """Fetches every row as CSV by ranges of ids, ``AT_A_TIME`` pages at a time, and does nothing with them."""

    def __init__(self, site: Site) -> None:
        table = site.source().open(Query(site.resource_id), [Shape.CSV])
        self._starts = iter(range(1, (table.expected or 0) + 1, PAGE))
        table.close()
        self._site, self._parts, self._lock = site, urlsplit(site.api_url), threading.Lock()
        self._pool = urllib3.HTTPConnectionPool(self._parts.hostname or "", self._parts.port, maxsize=AT_A_TIME)

    def run(self) -> None:
        """Fetch them all."""
        threads = [threading.Thread(target=self._work) for _ in range(AT_A_TIME)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _work(self) -> None:
        while (start := self._next()) is not None:
            place = {"_id": {"gte": start, "lte": start + PAGE - 1}}
            asked = {"resource_id": self._site.resource_id, "filters": place, "limit": PAGE, "sort": "_id"}
            body = json.dumps({**asked, "records_format": "csv", "include_total": False})
            headers = {"Content-Type": "application/json", "Authorization": self._site.key or ""}
            answer = self._pool.request("POST", self._parts.path, body=body, headers=headers)
            if answer.status != 200:
                raise SystemExit(f"The CKAN answered {answer.status}.")

    def _next(self) -> int | None:
        with self._lock:
            return next(self._starts, None)


def file_package(url: str) -> None:
    """Pack the file at ``url`` with the engine."""
    file = UrlSource(AddressRule((urlsplit(url).netloc,))).open(url)
    for _ in Build(FileContent(file, "resource")):
        pass


def copied(site: Site) -> None:
    """The COPY of the portal, by psql, to nowhere."""
    command = ["psql", "--no-psqlrc", "--quiet", "--command", statement(site), site.database or ""]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


def prepared(name: str, words: list[str]) -> Callable[[], object]:
    """The job, with all that is not to be measured done."""
    if name == "plain-file":
        return lambda: plain.file_package(words[0])
    if name == "file":
        return lambda: file_package(words[0])
    api_url, resource_id, key_file, *more = words
    key = Path(key_file).read_text().strip() if key_file else None
    if name == "package":
        format_name, database = (*more, "")[:2]
        return lambda: package(Site(api_url, resource_id, key, database or None), format_name)
    if name == "free-package":
        return lambda: package(Site(api_url, resource_id, key), more[0], page_size=FREE_PAGE)
    if name == "copy":
        return lambda: copied(Site(api_url, resource_id, key, more[0]))
    if name == "bare":
        return Bare(Site(api_url, resource_id, key)).run
    make = {"plain-csv": plain.csv_package, "plain-xlsx": plain.xlsx_package}[name]
    return lambda: make(api_url, resource_id, key)


def main() -> None:
    """Do it and tell."""
    give_back_large_blocks()  # as workers do
    work = prepared(sys.argv[1], sys.argv[2:])
    start, spent = time.perf_counter(), time.process_time()
    work()
    told = {"seconds": time.perf_counter() - start, "processor": time.process_time() - spent}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    print(json.dumps({**told, "peak_mib": peak}))


if __name__ == "__main__":
    main()
