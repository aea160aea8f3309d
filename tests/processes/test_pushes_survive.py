"""A push by COPY whose worker is killed: readers see the old table or the new one, and in the end the new one."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Event, Thread
from urllib.request import Request, urlopen

import psycopg2
import pytest
from werkzeug import Response

from tests.processes.installation import Installation
from tests.pusher.datastore import ask, datastore_database
from tests.pusher.fake_ckan import TOKEN, FakeCkan, failure, success

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
ROWS = 30_000
KILLS = 10 if os.environ.get("PACKAGING_PORTAL_LONG") == "1" else 3
COUNTS = 'SELECT count(*), min(version), max(version), min(_id), max(_id) FROM "r-1"'


class Ckan(FakeCkan):
    """Whose DataStore is a database, and whose file has a new version with each push."""

    def __init__(self, httpserver, database: str) -> None:
        super().__init__(httpserver)
        self.database, self.version = database, 0
        httpserver.expect_request("/file.csv").respond_with_handler(lambda _: Response(self._file()))
        self.add_resource(url=httpserver.url_for("/file.csv"))

    def _file(self) -> str:
        return "version,word\n" + "".join(f"{self.version},White-tailed eagle {n}\n" for n in range(ROWS))

    def _datastore_search(self, asked):
        try:
            ((total,),) = ask(self.database, f'SELECT count(*) FROM "{asked["resource_id"]}"')
        except psycopg2.errors.UndefinedTable:
            return failure(404, {"message": "Not found"})
        return success({"total": total, "fields": [{"id": "version", "type": "numeric"}], "records": []})


@pytest.fixture
def ckan(httpserver) -> Iterator[Ckan]:
    """A CKAN to push into."""
    with datastore_database() as database:
        yield Ckan(httpserver, database)


@pytest.fixture
def installation(ckan, tmp_path) -> Iterator[Installation]:
    """A portal that pushes by COPY, and never takes a lost worker for the job's own fault."""
    own = {"PUSHER_ENABLED": "true", "PUSHER_DATASTORE_WRITE_URL": ckan.database, "PACKAGER_MAX_LOSSES": "100"}
    own["PACKAGER_STALE_AFTER"] = "3"
    with Installation(tmp_path, ckan.url.split("/")[2], **own) as portal:
        yield portal


def post(installation: Installation, ckan: Ckan) -> str:
    """The id of a job for the next version of the file."""
    ckan.version += 1
    sent = {
        "api_key": TOKEN,
        "job_type": "push_to_datastore",
        "result_url": f"{ckan.url}api/3/action/datapusher_hook",
        "metadata": {"ckan_url": ckan.url, "resource_id": "r-1"},
    }
    request = Request(f"{installation.url}/job", json.dumps(sent).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=30) as answer:
        return str(json.load(answer)["job_id"])


def state(installation: Installation, job: str, column: str = "state"):
    return installation.one(f"SELECT {column} FROM pusher_pushjob WHERE job_id = '{job}'")


def over(installation: Installation, job: str) -> bool:
    assert state(installation, job) != "failed", state(installation, job, "error")
    return state(installation, job, "hook") == "told"


@contextmanager
def reading(database: str) -> Iterator[set[object]]:
    """What somebody sees who reads the table all the time, errors included."""
    seen: set[object] = set()
    enough = Event()

    def read() -> None:
        with closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            while not enough.wait(0.002):
                try:
                    cursor.execute(COUNTS)
                    seen.update(cursor.fetchall())
                except psycopg2.Error as error:
                    seen.add(str(error))

    reader = Thread(target=read)
    reader.start()
    try:
        yield seen
    finally:
        enough.set()
        reader.join()


def kill_at_random(installation: Installation, job: str, within: float) -> str:
    """Kill the worker of the job at some moment of it; returns at what it was, as far as it had said."""
    worker = installation.wait(lambda: state(installation, job, "worker"))
    time.sleep(random.uniform(0, within))
    at = f"{state(installation, job)} {state(installation, job, 'step')}".strip()
    os.kill(int(worker.rpartition(":")[2]), signal.SIGKILL)
    return at


@pytest.mark.fault(f"the worker of a push by COPY is killed, {KILLS} times", "old table or new, never half")
def test_a_push_whose_worker_is_killed_leaves_the_old_table_or_the_new_one(installation, ckan, record_property):
    first, begun = post(installation, ckan), time.monotonic()
    installation.wait(lambda: over(installation, first))
    took, killed = time.monotonic() - begun, []
    with reading(ckan.database) as seen:
        for _ in range(KILLS):
            job = post(installation, ckan)
            killed.append(kill_at_random(installation, job, took))
            time.sleep(float(installation.environment["PACKAGER_STALE_AFTER"]) + 1)
            installation.manage("shell", "-c", "from pusher import tasks; tasks.tend()")
            installation.wait(lambda job=job: over(installation, job))
            assert ask(ckan.database, COUNTS) == [(ROWS, ckan.version, ckan.version, 1, ROWS)]
    record_property("seen", f"killed while {', '.join(killed)}")
    assert seen <= {(ROWS, version, version, 1, ROWS) for version in range(1, ckan.version + 1)}
    assert [told["status"] for told, _ in ckan.hooks] == ["complete"] * (KILLS + 1)
    tables = ask(ckan.database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    assert tables == [("_table_stats",), ("r-1",)]
    assert not list((installation.directory / "tmp").glob("push-*"))
