"""``make run`` as a newcomer sees it, from nothing to a package and a mail, and to no process left."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
import zipfile
from pathlib import Path

import pytest

from demo.catalogue import make_id
from demo.ckan import DemoCkan
from demo.environment import ROOT

LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "var", "tests", "__pycache__", ".*_cache", ".env")
SETTINGS = ("DATABASE_URL", "EMAIL_URL", "DJANGO_SETTINGS_MODULE", "PACKAGER_BROKER_URL", "PACKAGER_STORE_DIRECTORY")


class Running:
    """The quick start in a copy of the project, with a mark in the environment of all that it starts."""

    def __init__(self, directory: Path) -> None:
        self.directory = shutil.copytree(ROOT, directory / "project", ignore=LEFT_OUT)
        self.mark = uuid.uuid4().hex
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    def start(self, until: str = "Ctrl-C") -> str:
        """Start, wait until it has printed ``until`` (or has ended), and give back what it printed."""
        environment = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        self.output = self.directory / "output.txt"
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "demo.run", "--port", str(self.port), "--rows", "3000"],
                cwd=self.directory,
                env=environment | {"QUICK_START_MARK": self.mark},
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        while self.process.poll() is None and until not in self.output.read_text():
            time.sleep(0.1)
        return self.output.read_text()

    def interrupt(self, number: int) -> int:
        """Signal the whole group, as a terminal does; the exit code."""
        os.killpg(self.process.pid, number)
        return self.process.wait(timeout=60)

    def left(self) -> list[int]:
        """The processes that carry the mark."""
        return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/environ") if self._is_ours(path)]

    def _is_ours(self, path: Path) -> bool:
        try:
            return self.mark.encode() in path.read_bytes()
        except OSError:
            return False


@pytest.fixture
def running(tmp_path):
    made = Running(tmp_path)
    yield made
    for pid in made.left():
        os.kill(pid, signal.SIGKILL)


def pushed(ckan: str) -> list[list[object]]:
    """The first columns of what was pushed into the sample CKAN."""
    with urllib.request.urlopen(f"{ckan}/api/3/action/datastore_search?resource_id={make_id('finds')}") as answer:
        records = json.load(answer)["result"]["records"]
    return [list(record.values())[1:4] for record in records]


@pytest.mark.slow
def test_the_quick_start_ends_in_a_package_and_a_mail_and_leaves_no_process(running):
    said = running.start()
    password = re.search(r"Admin .*password: (\S{16})\n", said)[1]
    package = Path(re.search(r"package +(/.*\.zip)", said)[1])
    with zipfile.ZipFile(package) as archive, DemoCkan(rows=3000) as ckan:
        assert archive.read("resource.csv") == ckan.csv("specimens")
    mail = Path(re.search(r"email +(/.*)", said)[1])
    link = re.search(r"download +(http\S+)", said)[1]
    assert "multipart/alternative" in mail.read_text()
    assert urllib.request.urlopen(link).read() == package.read_bytes()
    assert "Sample push" in said
    assert pushed(re.search(r"Sample CKAN +(\S+)/", said)[1])[0] == ["00107", "2020-03-05T00:00:00.000", 1234.5]
    assert len(running.left()) > 4
    assert running.interrupt(signal.SIGINT) == 0
    assert running.left() == []

    again = running.start()
    assert "Ctrl-C" in again, again
    assert f"password: {password}   (changed and forgotten? " in again
    assert running.interrupt(signal.SIGTERM) == 0
    assert running.left() == []


def test_an_interrupted_start_leaves_no_process(running):
    running.start(until="Starting")
    assert running.interrupt(signal.SIGINT) == 0
    assert running.left() == []
    assert "Traceback" not in running.output.read_text()
