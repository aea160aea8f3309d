"""The examples of ``docs/api.md`` work as they stand there: they are run against a server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from packager.delivery import webhook
from tests.packager.conftest import run_tasks

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text()


def blocks(kind: str) -> list[str]:
    """The fenced blocks of this kind, in order."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture
def _workers() -> Iterator[None]:
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.1):
            run_tasks()
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.fixture
def run(live_server: Any, staff: Any, ckan: Any, settings: Any, tmp_path: Path, _workers: None) -> Callable[..., str]:
    """Runs a program as a reader would, and returns what it printed."""
    settings.PUBLIC_URL = live_server.url
    given = {
        "PORTAL": live_server.url,
        "API_KEY": staff.issued.text,
        "CKAN_SEARCH": ckan.api_url,
        "RESOURCE_ID": ckan.resources["small"].id,
    }
    assert list(given) == re.findall(r"^export (\w+)=", blocks("sh setup")[0], re.MULTILINE)

    def start(*command: str) -> str:
        done = subprocess.run(command, cwd=tmp_path, env={**os.environ, **given}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return start


def test_the_shell_examples_end_with_a_package(run, tmp_path):
    run("bash", "-euo", "pipefail", "-c", "\n".join(blocks("sh")))
    (package,) = tmp_path.glob("*.csv.zip")
    lines = zipfile.ZipFile(package).read("resource.csv").decode().splitlines()
    assert lines[0] == "_id;scientificName;country"
    assert len(lines) == 101


def test_the_python_example_ends_with_a_package(run, tmp_path):
    told = run(sys.executable, "-c", blocks("python")[0])
    (package,) = tmp_path.glob("*.jsonl.zip")
    rows = zipfile.ZipFile(package).read("resource.jsonl").splitlines()
    assert told.split()[0] == str(len(rows))
    assert all(b"Brasil" in row or b"Peru" in row for row in rows)


def test_the_check_of_signatures_knows_ours_and_no_others():
    room: dict[str, Any] = {}
    exec(blocks("python")[1], room)
    is_genuine, body, now = room["is_genuine"], b'{"event": "x"}', int(time.time())
    assert is_genuine("secret", webhook.signature("secret", body, now), body)
    assert not is_genuine("secret", webhook.signature("other", body, now), body)
    assert not is_genuine("secret", webhook.signature("secret", body, now), body + b" ")
    assert not is_genuine("secret", webhook.signature("secret", body, now - 3600), body)


def test_the_example_of_a_problem_looks_like_a_real_one(api):

    example = json.loads(blocks("json")[0])
    real = api.post("requests/", {"resource_id": "x", "limit": 1, "api_url": ""}).json()
    assert set(example) == set(real)
