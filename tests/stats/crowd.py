"""Run as a process by the test of concurrent writers: ``python -m tests.stats.crowd write|rebuild``.

Says ``ready``, waits for a line on standard input, and then does its part: five threads that each publish ten
requests served and two failures, all on one day and for few resources and people, or rebuilds the sums again and again.
"""

from __future__ import annotations

import sys
from threading import Barrier, Thread

import django

THREADS = 5
REBUILDS = 8


def write() -> None:
    from django.db import connection

    from tests.stats.happenings import failed, served

    barrier = Barrier(THREADS)

    def publish(thread: int) -> None:
        barrier.wait()
        for number in range(10):
            served(f"r{number % 2}", email=f"p{(thread + number) % 4}@x.org", rows=3)
        for number in range(2):
            failed(f"r{number}")
        connection.close()

    threads = [Thread(target=publish, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def rebuild() -> None:
    from stats.rebuild import rebuild as rebuild_once

    for _ in range(REBUILDS):
        rebuild_once()


if __name__ == "__main__":
    django.setup()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    {"write": write, "rebuild": rebuild}[sys.argv[1]]()
