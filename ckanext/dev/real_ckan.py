"""A real CKAN on this machine: installed with pip, in databases and a Redis of the machine, with the extension.

Everything that is written lies below one folder, but for two databases for each version of CKAN. Needs PostgreSQL's
``psql``, a PostgreSQL that lets us make databases, and Redis.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

EXTENSION = Path(__file__).resolve().parent.parent
#: Reads the datastore only, as CKAN wants it.
READER, PASSWORD = "packaging_portal_reader", "reader"
ADMIN = "admin"


class CannotRun(Exception):
    """Something is missing; the text says what, in one sentence."""


@dataclass(frozen=True)
class RealCkan:
    """Where it is, and what it needs.

    Attributes:
        folder: for all that is written.
        port: of CKAN; the stand-in for Solr has the next one.
        postgres: the address of a database of somebody who may make others.
        redis: with the number of a database that nobody else uses.
        version: of CKAN.
    """

    folder: Path
    port: int = 5000
    postgres: str = "postgresql://postgres@127.0.0.1:5432/postgres"
    redis: str = "redis://127.0.0.1:6379/7"
    version: str = "2.12.0"

    @property
    def url(self) -> str:
        """The address, without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def databases(self) -> tuple[str, str]:
        """The names of CKAN's databases, its own and the datastore's."""
        version = self.version.replace(".", "_")
        return f"packaging_portal_ckan_{version}", f"packaging_portal_datastore_{version}"

    @property
    def ini(self) -> Path:
        """CKAN's configuration."""
        return self.folder / "ckan.ini"

    @property
    def token_file(self) -> Path:
        """Holds an API token of the sysadmin."""
        return self.folder / "token"

    @property
    def environment(self) -> dict[str, str]:
        """For CKAN's processes."""
        return {**os.environ, "CKAN_INI": str(self.ini), "PYTHONUNBUFFERED": "1"}

    def program(self, name: str) -> str:
        """A program of CKAN's virtual environment."""
        return str(self.folder / "venv" / "bin" / name)

    @property
    def solr(self) -> list[str]:
        """What starts the stand-in for Solr."""
        return [sys.executable, str(Path(__file__).with_name("solr.py")), str(self.port + 1)]

    @property
    def web(self) -> list[str]:
        """What starts CKAN."""
        workers = ["--workers", "2", "--threads", "4", "--worker-class", "gthread"]
        wsgi = ["--chdir", str(Path(__file__).parent), "wsgi:application"]
        return [self.program("gunicorn"), "--bind", f"127.0.0.1:{self.port}", *workers, *wsgi]

    @property
    def worker(self) -> list[str]:
        """What starts CKAN's background worker."""
        return [self.program("ckan"), "jobs", "worker"]

    def check(self) -> None:
        """Raises CannotRun if something is missing that we do not install."""
        if not shutil.which("psql"):
            raise CannotRun("PostgreSQL's program psql is missing: install the package postgresql-client.")
        for name, address, standard in (("PostgreSQL", self.postgres, 5432), ("Redis", self.redis, 6379)):
            parts = urlsplit(address)
            try:
                socket.create_connection((parts.hostname or "", parts.port or standard), timeout=3).close()
            except OSError:
                raise CannotRun(f"{name} does not answer at {parts.hostname}:{parts.port or standard}.") from None
        if self._run(["psql", "-XtAc", "SELECT 1", self.postgres], fatal="") is None:
            raise CannotRun(
                f"PostgreSQL refuses {_without_password(self.postgres)}: set CKAN_POSTGRES to another address."
            )

    def install(self) -> None:
        """CKAN with its requirements, and the extension as it is here. Raises CannotRun."""
        python = self.program("python")
        if not Path(python).exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            self._run([sys.executable, "-m", "venv", str(self.folder / "venv")], fatal="The virtual environment failed")
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        known = self._run([python, "-c", "import importlib.metadata as m; print(m.version('ckan'))"], fatal="")
        if (known or "").strip() != self.version:
            needs = "CKAN could not be installed (it needs libpq-dev and a C compiler)"
            self._run([*pip, f"ckan[requirements]=={self.version}", "gunicorn"], fatal=needs)
        copy = self.folder / "extension"  # a build writes into the folder that it builds from
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(EXTENSION, copy, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build"))
        self._run([*pip, "--force-reinstall", "--no-deps", str(copy)], fatal="The extension could not be installed")

    def configure(self, settings: Mapping[str, str]) -> None:
        """Databases and configuration, with ``settings`` of the extension. The stand-in for Solr must run.

        Raises:
            CannotRun
        """
        self._make_databases()
        if not self.ini.exists():
            self._run([self.program("ckan"), "generate", "config", str(self.ini)], fatal="No configuration was made")
        (self.folder / "storage").mkdir(exist_ok=True)
        lines = [f"{name}={value}" for name, value in {**self._settings(), **settings}.items()]
        self._run([self.program("ckan"), "config-tool", str(self.ini), *lines], fatal="CKAN could not be configured")
        self._run([self.program("ckan"), "db", "init"], fatal="CKAN's database could not be made")
        permissions = self._run([self.program("ckan"), "datastore", "set-permissions"], fatal="No permissions")
        self._run(["psql", "-Xq", self.postgres], fatal="The permissions could not be set", stdin=permissions)

    def make_admin(self, password: str) -> None:
        """A sysadmin, and a token of theirs in ``token_file``. Raises CannotRun."""
        ckan = self.program("ckan")
        if self.token_file.exists():
            return
        self._run([ckan, "user", "add", ADMIN, "email=admin@localhost.example", f"password={password}"], fatal="")
        self._run([ckan, "sysadmin", "add", ADMIN], fatal="No sysadmin could be made")
        told = self._run(
            [ckan, "user", "token", "add", "--quiet", ADMIN, "make run-ckan"], fatal="No token could be made"
        )
        descriptor = os.open(self.token_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w") as file:
            file.write((told or "").split()[-1])

    def _settings(self) -> dict[str, str]:
        ckan, datastore = (self._database(name) for name in self.databases)
        return {
            "sqlalchemy.url": ckan,
            "ckan.datastore.write_url": datastore,
            "ckan.datastore.read_url": self._database(self.databases[1], f"{READER}:{PASSWORD}"),
            "solr_url": f"http://127.0.0.1:{self.port + 1}/solr/ckan",
            "ckan.redis.url": self.redis,
            "ckan.site_url": self.url,
            "ckan.site_id": "run-ckan",
            "ckan.storage_path": str(self.folder / "storage"),
            "ckan.plugins": "datastore datatables_view packaging_portal",
            "ckan.views.default_views": "datatables_view",
        }

    def _make_databases(self) -> None:
        known = (
            self._run(["psql", "-XtAc", "SELECT datname FROM pg_database", self.postgres], fatal="No databases") or ""
        )
        for name in set(self.databases) - set(known.split()):
            self._run(
                ["psql", "-XqtAc", f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0", self.postgres],
                fatal=name,
            )
        role = f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'"
        self._run(["psql", "-XqtAc", role, self.postgres], fatal="")  # it may be there

    def _database(self, name: str, user: str = "") -> str:
        parts = urlsplit(self.postgres)
        place = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, f"{user}@{place}" if user else parts.netloc, f"/{name}", "", ""))

    def _run(self, command: Sequence[str], *, fatal: str, stdin: str | None = None) -> str | None:
        """What a command prints; None if it fails, unless that is ``fatal``. Raises CannotRun."""
        environment = {name: text for name, text in self.environment.items() if name != "PYTHONPATH"}
        done = subprocess.run(  # noqa: S603  (the commands are our own)
            command, env=environment, input=stdin, capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return done.stdout
        if fatal:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise CannotRun(f"{fatal}: {' '.join(last)}")
        return None


def _without_password(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.username or ''}@{parts.hostname}:{parts.port or 5432}"
