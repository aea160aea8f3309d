"""What a tiny package costs: processor time, statements, connections and fsyncs, from the queue to the mail.

One worker and the mail cluster, in processes of their own, build packages of ten rows from a CKAN stand-in and write
the mails as files. ``fsync`` and ``connect`` are counted by strace, in a second run.

    python -m benchmarks.tiny_packages [--requests 100] [--databases SQLite PostgreSQL]

Seen on two cores that others used as well, for one package:

| | SQLite | PostgreSQL |
|---|---|---|
| at first | 84 ms, 37 statements, 19.4 fdatasync; at rest 38 ms/s | 54 ms, 33 statements; at rest 22 ms/s |
| connections kept between tasks | 67 ms, 48 statements, 12.5 fdatasync; at rest 8 ms/s | |
| fewer statements to claim | 41 statements | 38 statements |

What remains is spread thin: Django's making of statements, eight calls of CKAN, seven members of an archive.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from demo.ckan import DemoCkan
from tests.processes.installation import Installation, postgres_database

CLUSTERS = ("fast", "mail")
TICKS = os.sysconf("SC_CLK_TCK")
SUBMIT = """
from packager.lifecycle import requests
from packager.submission import Submission
for number in range({count}):
    wanted = dict(kind="datastore", resource_id="{resource}", api_url="{api_url}", format="csv")
    parameters = dict(limit=10, offset={first} + number)
    requests.submit(Submission(**wanted, parameters=parameters, email=f"ada{{number % 10}}@example.org"))
"""
#: Statements of building and mailing, without those of the broker: the tasks run in one process, and are counted.
STATEMENTS = """
from django.db import connection
from django.utils.module_loading import import_string
from django_q.models import OrmQ
from django_q.signing import SignedPackage
count = 0
def counted(execute, *arguments):
    global count
    count += 1
    return execute(*arguments)
while waiting := OrmQ.objects.order_by("pk").first():
    waiting.delete()
    task = SignedPackage.loads(waiting.payload)
    with connection.execute_wrapper(counted):
        import_string(task["func"])(*task["args"])
print(count)
"""


@contextmanager
def portal(database: str, ckan: DemoCkan) -> Iterator[Installation]:
    """A portal on this kind of database, with one worker to build; nothing runs yet."""
    with (
        tempfile.TemporaryDirectory() as folder,
        postgres_database() if database == "PostgreSQL" else nullcontext("") as url,
    ):
        own = {"DATABASE_URL": url} if url else {}
        found = Installation(Path(folder), ckan.host, PACKAGER_FAST_WORKERS="1", PACKAGER_HEARTBEAT="2", **own)
        found.manage("migrate", "--verbosity", "0")
        yield found


@contextmanager
def clusters(found: Installation) -> Iterator[None]:
    """Those that build and send, until the end of the context."""
    for queue in CLUSTERS:
        found.start_cluster(queue)
    try:
        found.wait(lambda: found.one("SELECT count(*) FROM packager_cluster") == len(CLUSTERS))
        time.sleep(3)  # schedules that are due at the start
        yield
    finally:
        for queue in CLUSTERS:
            process = found.processes.pop(queue)
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def submit(found: Installation, ckan: DemoCkan, first: int, count: int) -> None:
    """Ask for so many packages, each another ten rows."""
    found.manage(
        "shell", "-c", SUBMIT.format(count=count, first=first, resource=ckan.id("small"), api_url=ckan.api_url)
    )


def build(found: Installation, ckan: DemoCkan, first: int, count: int) -> None:
    """The same, and wait for the mails."""
    submit(found, ckan, first, count)
    sent = "SELECT count(*) FROM packager_delivery WHERE state = 'sent'"
    found.wait(lambda: found.one(sent) == first + count, seconds=600)


def processor_seconds(pid: int) -> float:
    """User and system time of a process and all below it, those included that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = sum(int(field) for field in fields[11:15]) / TICKS
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(processor_seconds(int(child)) for child in below)


def used(found: Installation) -> dict[str, float]:
    """Processor time of each cluster so far."""
    return {queue: processor_seconds(found.processes[queue].pid) for queue in CLUSTERS}


def measure(database: str, count: int) -> str:
    """A line of figures for this kind of database, each for one package."""
    with DemoCkan(rows=100) as ckan, portal(database, ckan) as found:
        with clusters(found):
            build(found, ckan, 0, 5)
            idle_from, before = time.monotonic(), used(found)
            time.sleep(5)
            start, idle = time.monotonic(), used(found)
            build(found, ckan, 5, count)
            took, after = time.monotonic() - start, used(found)
            calls = traced(found, lambda: build(found, ckan, 5 + count, count))
        submit(found, ckan, 5 + 2 * count, count)
        statements = int(found.manage("shell", "-c", STATEMENTS).split()[-1])
    resting = sum(idle[queue] - before[queue] for queue in CLUSTERS) / (start - idle_from)
    spent = {queue: 1000 * (after[queue] - idle[queue]) / count for queue in CLUSTERS}
    figures = ", ".join(f"{queue} {spent[queue]:.0f} ms" for queue in CLUSTERS)
    counted = ", ".join(f"{calls.get(name, 0) / count:.1f} {name}" for name in ("fsync", "fdatasync", "connect"))
    return (
        f"{database:11} {sum(spent.values()):4.0f} ms ({figures}), {statements / count:.1f} statements, {counted}; "
        f"{count / took:.1f} packages/s; at rest {1000 * resting:.0f} ms/s"
    )


def traced(found: Installation, work: object) -> dict[str, int]:
    """How often the clusters call what costs, while ``work`` is done; empty without strace."""
    if shutil.which("strace") is None:
        return {}
    pids = [str(pid) for queue in CLUSTERS for pid in [found.processes[queue].pid, *found.children(queue)]]
    output = found.directory / "strace.txt"
    attach = [word for pid in pids for word in ("-p", pid)]
    command = ["strace", "-f", "-c", "-qq", "-o", str(output), "-e", "trace=fsync,fdatasync,connect", *attach]
    tracer = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    time.sleep(1)
    work()
    tracer.send_signal(signal.SIGINT)
    tracer.wait(30)
    rows = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", output.read_text(), re.M)
    return {name: int(calls) for calls, name in rows}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--databases", nargs="+", default=["SQLite", "PostgreSQL"])
    options = parser.parse_args()
    for database in options.databases:
        print(measure(database, options.requests), flush=True)


if __name__ == "__main__":
    main()
