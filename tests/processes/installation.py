"""A portal of real processes: gunicorn and the clusters, with a database and a broker of the test's choice."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import psycopg2
import redis

from tests.services import absent

ROOT = Path(__file__).resolve().parents[2]
POSTGRES = "postgres://postgres@127.0.0.1:5432"
REDIS = "redis://127.0.0.1:6379"
SECRET = "open sesame"


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def need(there: Callable[[], object], what: str) -> None:
    """Skip where a server is absent, which a run that promises all servers calls a failure."""
    try:
        there()
    except (psycopg2.OperationalError, redis.ConnectionError) as fault:
        absent(f"{what} does not answer: {type(fault).__name__}")


@contextmanager
def postgres_database() -> Iterator[str]:
    """The address of a new, empty database."""
    need(lambda: psycopg2.connect(f"{POSTGRES}/postgres").close(), "PostgreSQL on 127.0.0.1:5432")
    name = f"portal_test_{uuid.uuid4().hex[:12]}"
    as_superuser(f"CREATE DATABASE {name}")
    try:
        yield f"{POSTGRES}/{name}"
    finally:
        as_superuser(f"DROP DATABASE {name} WITH (FORCE)")


def as_superuser(statement: str) -> None:
    """Have PostgreSQL do something outside of any database of ours."""
    connection = psycopg2.connect(f"{POSTGRES}/postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


@contextmanager
def redis_broker() -> Iterator[str]:
    """The address of a Redis database that holds nothing, and is emptied afterwards."""
    address = f"{REDIS}/15"
    client = redis.Redis.from_url(address)
    need(client.ping, "Redis on 127.0.0.1:6379")
    client.flushdb()
    try:
        yield address
    finally:
        client.flushdb()


class Installation:
    """Starts and stops the processes, and speaks to them as CKAN and a browser would."""

    def __init__(
        self,
        directory: Path,
        ckan_host: str,
        *,
        workers: int = 4,
        web_options: tuple[str, ...] = (),
        **environment: str,
    ) -> None:
        self.directory = directory
        self.workers = workers
        self.web_options = web_options
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "PATH": os.environ["PATH"],
            "SECRET_KEY": "a key for this installation only",
            "DATABASE_URL": f"sqlite:///{directory}/portal.sqlite3",
            "PUBLIC_URL": self.url,
            "PACKAGER_SECRET": SECRET,
            "PACKAGER_CKAN_HOSTS": ckan_host,
            "PACKAGER_STORE_DIRECTORY": f"{directory}/packages",
            "PACKAGER_TEMP_DIRECTORY": f"{directory}/tmp",
            "EMAIL_URL": f"filemail:///{directory}/mail",
            "PACKAGER_HEARTBEAT": "1",
            "PACKAGER_STALE_AFTER": "4",
            "PACKAGER_SLOW_WORKERS": "2",
            "PACKAGER_MAILS_PER_ADDRESS": "none",
            **environment,
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Installation:
        self.manage("migrate", "--verbosity", "0")
        self.start_web("web", self.port, *self.web_options)
        for queue in ("fast", "slow", "mail"):
            self.start_cluster(queue)
        self.wait(lambda: self._alive() and self.status()["worker_count"] >= self.workers)
        self.wait(lambda: self.one("SELECT count(*) FROM packager_cluster WHERE queue = 'mail'"))
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes.values():
            # to the main process alone: to the whole group, django-q hangs
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def start_web(self, name: str, port: int, *options: str, **environment: str) -> None:
        """Start a web server, which is called ``name`` here."""
        bind = ("--threads", "8", "--bind", f"127.0.0.1:{port}")
        web = ("gunicorn", "portal.wsgi", "--worker-class", "gthread", *bind)
        self._start(name, (sys.executable, "-m", *web, *options), **environment)

    def start_cluster(self, queue: str, name: str = "", **environment: str) -> None:
        """Start a cluster of a queue; ``name`` tells it from others, by its own environment."""
        command = (sys.executable, str(ROOT / "manage.py"), "qcluster")
        self._start(name or queue, command, Q_CLUSTER_NAME=queue, **environment)

    def kill(self, *names: str) -> None:
        """SIGKILL, to these processes and all of theirs."""
        for name in names:
            os.killpg(self.processes[name].pid, signal.SIGKILL)
        for name in names:
            self.processes[name].wait()

    def _start(self, name: str, command: tuple[str, ...], **more: str) -> None:
        log = (self.directory / f"{name}.log").open("ab")
        self.processes[name] = subprocess.Popen(
            command, env={**self.environment, **more}, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
        )
        log.close()

    def children(self, cluster: str) -> dict[int, str]:
        """The processes of a cluster below its main one: their ids, and what they are."""
        main = self.processes[cluster].pid
        found = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        children = {}
        for pid in found:
            with suppress(FileNotFoundError, ProcessLookupError):  # it may have ended since
                children[int(pid)] = Path(f"/proc/{pid}/comm").read_text().strip()
        return children

    def manage(self, *words: str) -> str:
        """Run a command and return what it prints."""
        command = [sys.executable, str(ROOT / "manage.py"), *words]
        done = subprocess.run(command, env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def wait(self, condition: Callable[[], Any], seconds: float = 120) -> Any:
        """What ``condition`` gives, as soon as it is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := condition():
                return found
            time.sleep(0.2)
        raise AssertionError(f"did not happen within {seconds} s\n{self.logs()}")

    def logs(self) -> str:
        """The ends of the logs."""
        return "\n".join(f"{path.name}:\n{path.read_text()[-3000:]}" for path in self.directory.glob("*.log"))

    def _alive(self) -> bool:
        try:
            return self.get("/healthz")[0] == 200
        except OSError:
            return False

    def post(self, path: str, **fields: str) -> dict[str, Any]:
        """Post a form with the secret and return the answer."""
        import json

        with urlopen(self.url + path, urlencode({"secret": SECRET, **fields}).encode(), timeout=30) as answer:
            return dict(json.load(answer))

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of a page."""
        try:
            with urlopen(path if path.startswith("http") else self.url + path, timeout=60) as answer:
                return answer.status, answer.read()
        except HTTPError as fault:
            return fault.code, fault.read()

    def status(self) -> dict[str, Any]:
        """What ``/status`` says."""
        return self.post("/status")

    def download_link(self, status_url: str) -> str | None:
        """The link to the package on the requester's page, once it is there."""
        found = re.search(rb'/download/[^"]+', self.get(status_url)[1])
        return found[0].decode() if found else None

    def one(self, sql: str) -> Any:
        """The first column of the first row that the portal's database answers."""
        return next(iter(self.column(sql)), None)

    def column(self, sql: str) -> list[Any]:
        """The first column of every row that the portal's database answers."""
        with closing(self._connect()) as connection:
            cursor = connection.cursor()
            cursor.execute(sql)
            return [row[0] for row in cursor.fetchall()]

    def change(self, sql: str) -> None:
        """Change the portal's database behind its back."""
        with closing(self._connect()) as connection:
            connection.cursor().execute(sql)
            connection.commit()

    @contextmanager
    def database_away(self) -> Iterator[None]:
        """SQLite: somebody writes and comes to no end. PostgreSQL: every connection ends, and none is let in."""
        url = self.environment["DATABASE_URL"]
        if url.startswith("sqlite"):
            holder = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=60)
            holder.execute("BEGIN IMMEDIATE")
            yield
            holder.execute("ROLLBACK")
            holder.close()
            return
        name = url.rpartition("/")[2]
        as_superuser(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        as_superuser(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        yield
        as_superuser(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    def _connect(self) -> Any:
        address = self.environment["DATABASE_URL"]
        if address.startswith("postgres"):
            return psycopg2.connect(address)
        return sqlite3.connect(address.removeprefix("sqlite:///"), timeout=20)
