"""Many processes with many threads write at once, on SQLite and on PostgreSQL: the totals are exactly right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest

from tests.services import absent

ROOT = Path(__file__).parents[2]
PROCESSES = 4
EXPECTED = {
    "*": {"emails": 4, "requests": 200, "errors": 40},
    "r0": {"emails": 4, "requests": 100, "errors": 20},
    "r1": {"emails": 4, "requests": 100, "errors": 20},
}


@pytest.fixture
def postgres_database() -> Iterator[str]:
    """The URL of an empty database of our own, dropped afterwards."""
    name = f"stats_{uuid4().hex}"
    try:
        connection = psycopg2.connect("host=127.0.0.1 port=5432 user=postgres dbname=postgres connect_timeout=5")
    except psycopg2.OperationalError as error:
        absent(f"no PostgreSQL server on 127.0.0.1:5432: {error}")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        yield f"postgres://postgres@127.0.0.1:5432/{name}"
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    connection.close()


def crowd_gives_exact_totals(database_url: str) -> None:
    environment = {**os.environ, "DATABASE_URL": database_url}
    manage(environment, "migrate", "--verbosity", "0")
    run_crowd(environment)
    totals = json.loads(manage(environment, "statistics"))
    assert totals == EXPECTED
    manage(environment, "rebuild_statistics")
    assert json.loads(manage(environment, "statistics")) == EXPECTED
    assert len(json.loads(manage(environment, "statistics", "requests", "--limit", "1000"))) == 200


def manage(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "django", *arguments]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_crowd(environment: dict[str, str]) -> None:
    """Everybody starts to write at the same moment, while one process keeps rebuilding the sums."""
    parts = ["write"] * PROCESSES + ["rebuild"]
    crowd = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.stats.crowd", part],
            env=environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for part in parts
    ]  # fmt: skip
    for process in crowd:
        assert process.stdout.readline() == "ready\n", process.stderr.read()
    for process in crowd:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in crowd:
        _, complaints = process.communicate()
        assert process.returncode == 0, complaints
        assert "Traceback" not in complaints, complaints


def test_two_hundred_requests_and_forty_failures_on_sqlite(tmp_path):
    crowd_gives_exact_totals(f"sqlite:///{tmp_path}/portal.sqlite3")


@pytest.mark.postgres
def test_two_hundred_requests_and_forty_failures_on_postgresql(postgres_database):
    crowd_gives_exact_totals(postgres_database)
