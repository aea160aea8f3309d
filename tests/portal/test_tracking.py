"""Sentry: off unless there is an address for it, told of each fault once, and never told who somebody is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sentry_sdk

from portal import sentry
from tests.portal.sentry_stand_in import listening

BREAK = "import django; django.setup(); from tests.portal import break_everything; break_everything.main()"
ROOT = Path(__file__).resolve().parents[2]


def test_without_an_address_nothing_is_started(monkeypatch, settings):
    monkeypatch.setattr(sentry_sdk, "init", lambda *_, **__: pytest.fail("it was started"))
    settings.SENTRY_DSN = ""
    sentry.connect()


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """What arrived at the stand-in, and the references that were told, of a portal that broke in four places."""
    folder = tmp_path_factory.mktemp("broken")
    with listening() as stand_in:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "WORDS": "swordfish@example.org swordfish-key-1234567890",
            "SECRET_KEY": "a key for this test only",
            "PACKAGER_SECRET": "swordfish, too",
            "SENTRY_DSN": stand_in.dsn,
            "DATABASE_URL": f"sqlite:///{folder}/portal.sqlite3",
            "PACKAGER_STORE_DIRECTORY": f"{folder}/packages",
            "PACKAGER_TEMP_DIRECTORY": f"{folder}/tmp",
            "ALLOWED_HOSTS": "testserver",
        }
        done = subprocess.run(
            [sys.executable, "-c", BREAK], env=environment, cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    return stand_in, json.loads(done.stdout), done.stderr


def test_every_unexpected_fault_arrives_once_with_its_reference(broken):
    stand_in, told, _ = broken
    assert len(told) == 4
    assert sorted(event["tags"]["reference"] for event in stand_in.events) == sorted(told)
    for event in stand_in.events:
        assert event["exception"]["values"][-1]["type"] == "RuntimeError"
        assert event["exception"]["values"][-1]["stacktrace"]["frames"]


def test_what_arrives_holds_neither_people_nor_keys_nor_links(broken):
    stand_in, _, _ = broken
    for text in stand_in.texts:
        assert "swordfish" not in text
    for event in stand_in.events:
        assert not {"request", "user", "breadcrumbs"} & set(event)
        assert "vars" not in event["exception"]["values"][-1]["stacktrace"]["frames"][0]


def test_the_log_has_the_references_and_no_secrets_either(broken):
    _, told, log = broken
    assert all(reference in log for reference in told)
    assert "swordfish" not in log


def test_what_is_called_a_secret_is_not_sent_whatever_it_looks_like():
    event = {
        "extra": {"headers": {"Cookie": "abc", "X-Api-Key": "def"}, "sys.argv": ["key:ghi"], "more": [("key=jkl",)]}
    }
    sent = json.dumps(sentry._scrub(event, {}))
    assert not [word for word in ("abc", "def", "ghi", "jkl") if word in sent]
