"""The clients in ``docs/messaging.md`` get their packages as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import absent

pytestmark = pytest.mark.rabbitmq
ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "messaging.md").read_text()


def block(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)[0]


@pytest.fixture
def run(running, names, body):
    def start(*command, **more):
        given = {"AMQP_URL": names.MESSAGING_URL, "EXCHANGE": names.MESSAGING_EXCHANGE, **more}
        given |= {"CKAN_SEARCH": body["api_url"], "RESOURCE_ID": body["resource_id"]}
        done = subprocess.run(command, env={**os.environ, **given}, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return start


def test_python(run):
    assert run(sys.executable, "-c", block("python")).startswith("http://portal.test/download/")


def test_node(run):
    modules = ROOT / "var" / "node" / "node_modules"
    if not (shutil.which("node") and (modules / "amqplib").is_dir()):
        absent("no Node, or no amqplib in var/node: npm install --prefix var/node amqplib")
    assert run("node", "-e", block("js"), NODE_PATH=str(modules)).startswith("http://portal.test/download/")


def test_a_worker_of_ones_own():
    found = {}
    exec(block("python worker"), found)
    asked = []

    class Ours(found["Titles"]):
        def ckan(self, action, **data):
            asked.append((action, data))
            return {"title": "Birds"}

    Ours().consume("Package", "changed", {"id": "p"})
    assert asked == [("package_show", {"id": "p"})]
