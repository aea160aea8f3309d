"""``make bench``: how fast packages are made, beside what they are held against, in one table (and var/bench.json).

    python -m benchmarks.bench [--times 5] [--only csv] [--rows 300000]
    python -m benchmarks.bench --ckan http://127.0.0.1:5000 --resource ID [--key-file FILE] [--database URL]
        [--pin PID ...]

Without a CKAN the stand-in answers, and its answers are free: they are remembered, and sent from memory by a process on
a core of its own, so that what is measured is what the portal itself needs. With ``--ckan`` the same is done with the
answers of a real CKAN, and beside it against the CKAN itself: a bare fetch of the same pages, CKAN's dump, psql's COPY.
``--pin`` puts its processes (with their children) on one core and ours on the others.

Each job is a process of its own. A round runs every job once; printed are medians of seconds, the ratio to what a job
is held against, processor seconds a million rows, and the most memory of all rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.free_pages import FreePages
from demo.ckan import DemoCkan

TARGET = Path(__file__).resolve().parents[1] / "var" / "bench.json"
#: Rounds that count for nothing: what is free must have been asked for before.
WARM_UPS = 2
ACTION = "/api/3/action/datastore_search"


@dataclass
class Job:
    """What is measured: arguments of ``benchmarks.job`` or, with ``command``, a program; ``against`` names another."""

    name: str
    words: list[str]
    against: str = ""
    command: bool = False
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    peak_mib: float = 0

    def run(self) -> None:
        """Once; adds to the figures."""
        words = self.words if self.command else [sys.executable, "-m", "benchmarks.job", *self.words]
        before = os.times()
        done = subprocess.Popen(words, stdout=subprocess.DEVNULL if self.command else subprocess.PIPE, text=True)
        told = done.communicate()[0]
        if done.returncode:
            raise SystemExit(f"{self.name} ended with {done.returncode}")
        after = os.times()
        own = json.loads(told) if told else {}
        self.seconds.append(own.get("seconds", after.elapsed - before.elapsed))
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        self.processor.append(own.get("processor", spent))
        self.peak_mib = max(self.peak_mib, own.get("peak_mib", 0))


def free_jobs(pages: str, resource: str, key: str) -> Iterator[Job]:
    """Jobs against pages that cost nothing."""
    place = [f"{pages}{ACTION}", resource, key]
    yield Job("plain csv", ["plain-csv", *place])
    yield Job("csv", ["free-package", *place, "csv"], "plain csv")
    yield Job("plain xlsx", ["plain-xlsx", *place])
    yield Job("xlsx", ["free-package", *place, "xlsx"], "plain xlsx")
    for name in ("tsv", "jsonl", "parquet", "dwca"):
        yield Job(name, ["free-package", *place, name], "plain csv")


def live_jobs(ckan: str, resource: str, key: str, key_file: str, database: str) -> Iterator[Job]:
    """Jobs against the CKAN itself, and its database."""
    place = [f"{ckan}{ACTION}", resource, key]
    authorization = f"Authorization: {Path(key_file).read_text().strip()}" if key_file else "X-None: 1"
    dump = ["curl", "--silent", "--fail", "--header", authorization, f"{ckan}/datastore/dump/{resource}"]
    yield Job("CKAN: bare fetch of csv", ["bare", *place])
    yield Job("CKAN: csv", ["package", *place, "csv"], "CKAN: bare fetch of csv")
    yield Job("CKAN: tsv", ["package", *place, "tsv"], "CKAN: bare fetch of csv")
    yield Job("CKAN: jsonl", ["package", *place, "jsonl"])
    yield Job("CKAN: dump by curl", dump, command=True)
    if database:
        yield Job("database: psql COPY", ["copy", *place, database])
        yield Job("database: csv", ["package", *place, "csv", database], "database: psql COPY")
        yield Job("database: csv, to the dump", ["package", *place, "csv", database], "CKAN: dump by curl")
        yield Job("database: jsonl", ["package", *place, "jsonl", database], "CKAN: jsonl")


def file_jobs(url: str) -> Iterator[Job]:
    """Jobs with a large file."""
    yield Job("plain file", ["plain-file", url])
    yield Job("file", ["file", url], "plain file")


def shown(jobs: list[Job], rows: int) -> list[dict[str, object]]:
    """The lines of the table."""
    medians = {job.name: statistics.median(job.seconds) for job in jobs if job.seconds}
    lines = []
    for job in jobs:
        ratio = medians[job.against] / medians[job.name] if job.against in medians else None
        cpu = statistics.median(job.processor) * 1_000_000 / rows
        line = f"{job.name:28} {medians[job.name]:8.2f} s {cpu:8.2f} CPU s/M rows {job.peak_mib:6.0f} MiB"
        print(line, f"  {ratio:5.2f} x {job.against}" if ratio else "")
        lines.append(asdict(job) | {"median": medians[job.name], "ratio": ratio})
    return lines


def pinned(pids: list[int], cores: list[int]) -> None:
    """Put these processes and their children on the first core, and ourselves (and our children) on the others."""
    tree = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = [tuple(map(int, line.split())) for line in tree.splitlines()]
    found = set(pids)
    while more := {pid for pid, parent in parents if parent in found} - found:
        found |= more
    for pid in found:
        os.sched_setaffinity(pid, cores[:1])
    os.sched_setaffinity(0, cores[1:])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ckan", default="", help="its address; without one the stand-in answers")
    parser.add_argument("--resource", default="", help="the id of a resource of that CKAN")
    parser.add_argument("--key-file", default="")
    parser.add_argument("--database", default="", help="the read URL of that CKAN's datastore database")
    parser.add_argument("--pin", type=int, nargs="*", default=[], help="process ids of that CKAN")
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the stand-in, or how many the resource has")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--only", default="", help="only jobs with one of these words (and commas) in their names")
    parser.add_argument("--file", default="", help="the address of a large file")
    given = parser.parse_args()
    with ExitStack() as stack:
        ckan, resource, key = given.ckan.rstrip("/"), given.resource, given.key_file
        cores = sorted(os.sched_getaffinity(0))
        if not ckan:
            demo = stack.enter_context(DemoCkan(rows=given.rows))
            ckan, resource = demo.url, demo.id("specimens")
        free = stack.enter_context(FreePages(ckan, core=cores[0]))
        if len(cores) > 1:
            pinned(given.pin, cores)
        jobs = [*free_jobs(free.url, resource, key)]
        if given.ckan:
            jobs += live_jobs(ckan, resource, key, given.key_file, given.database)
        if given.file:
            jobs += file_jobs(given.file)
        jobs = [job for job in jobs if any(word in job.name for word in given.only.split(","))]
        for job in jobs * WARM_UPS:
            Job(job.name, job.words, command=job.command).run()
        for _ in range(given.times):
            for job in jobs:
                job.run()
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(json.dumps(shown(jobs, given.rows), indent=1))


if __name__ == "__main__":
    main()
