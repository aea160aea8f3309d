"""What was backed up as the operators' page says serves old downloads in a new place, and finishes what was queued."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

import pytest

from tests.processes.installation import Installation, postgres_database

pytestmark = pytest.mark.slow


def _back_up(address: str, target: Path) -> None:
    if address.startswith("postgres"):
        subprocess.run(["pg_dump", "--format=custom", f"--file={target}", address], check=True)
        return
    with (
        closing(sqlite3.connect(address.removeprefix("sqlite:///"))) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)


def _restore(source: Path, address: str) -> None:
    if address.startswith("postgres"):
        subprocess.run(["pg_restore", "--no-owner", f"--dbname={address}", str(source)], check=True)
        return
    shutil.copy(source, address.removeprefix("sqlite:///"))


@contextmanager
def _place(kind: str, directory: Path):
    """A directory, and the address of an empty database for it."""
    directory.mkdir()
    with postgres_database() if kind == "postgres" else nullcontext(f"sqlite:///{directory}/portal.sqlite3") as address:
        yield address


@pytest.mark.fault("a portal is lost, its backup restored", "old links work, the queue is built")
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_old_links_work_and_what_was_queued_is_built(tmp_path, ckan, kind):
    old, new, backup = tmp_path / "old", tmp_path / "new", tmp_path / "backup"
    wanted = {"resource_id": ckan.id("specimens"), "api_url": ckan.api_url, "email": "ada@example.org"}
    with _place(kind, old) as before, _place(kind, new) as after:
        with Installation(old, ckan.host, DATABASE_URL=before) as portal:
            done = portal.post("/package_datastore", **wanted, limit="10")["status_url"]
            link = portal.wait(lambda: portal.download_link(done))
            content = portal.get(link)[1]
            portal.kill("fast", "slow")
            queued = portal.post("/package_datastore", **wanted, limit="20")["status_url"]
            _back_up(before, backup)
            shutil.copytree(old / "packages", new / "packages")
        shutil.rmtree(old)
        _restore(backup, after)
        with Installation(new, ckan.host, DATABASE_URL=after) as portal:
            assert portal.get(link) == (200, content)
            page = queued.rpartition("/requests/")[2]
            finished = portal.wait(lambda: portal.download_link(f"/requests/{page}"))
            assert portal.get(finished)[0] == 200
            assert json.loads(portal.manage("check_store", "--json"))["missing"] == []
