"""Every migration runs back and forth again on tables that are filled, and keeps what they hold."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.processes.installation import ROOT, postgres_database

#: The one row of the filled tables that goes on the way back: a message for other programs, which waits to be sent.
MESSAGE = "packager_delivery: rows lost or new (1)"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request, tmp_path):
    """An empty database; its address."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/portal.sqlite3"
        return
    with postgres_database() as address:
        yield address


@pytest.mark.slow
def test_nothing_that_can_be_kept_is_lost(database, tmp_path):
    environment = {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": "x" * 60,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DATABASE_URL": database,
        "PACKAGER_STORE_DIRECTORY": f"{tmp_path}/packages",
    }
    command = [sys.executable, "-m", "tests.portal.migrations_both_ways"]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["empty"] == []
    assert found["steps"] >= 22
    assert found["changed"] == {"packager.0008_outbox back": [MESSAGE]}
    assert found["lost"] == [MESSAGE]
