"""Bad values stop the start with a sentence that names the variable."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GOOD = {"SECRET_KEY": "x" * 60, "PACKAGER_SECRET": "secret", "PATH": os.environ["PATH"]}


def _check(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {
        **GOOD,
        "DATABASE_URL": f"sqlite:///{tmp_path}/portal.sqlite3",
        "PACKAGER_STORE_DIRECTORY": f"{tmp_path}/packages",
        "PACKAGER_TEMP_DIRECTORY": f"{tmp_path}/tmp",
        **environment,
    }
    command = [sys.executable, str(ROOT / "manage.py"), "check"]
    return subprocess.run(command, env=given, capture_output=True, text=True, check=False)


def test_good_settings_are_good(tmp_path):
    answer = _check(tmp_path)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PACKAGER_PAGE_SIZE", "many"),
        ("PACKAGER_PAGE_SIZE", "0"),
        ("DEBUG", "perhaps"),
        ("PUBLIC_URL", "data.example"),
        ("DATABASE_URL", "nonsense"),
        ("PACKAGER_BROKER_URL", "amqp://x"),
        ("PACKAGER_DWC_EXTENSION_FIELDS", "[1]"),
        ("PACKAGER_DWC_EXTENSION_FIELDS", "{broken"),
        ("PLUGINS", "no_such_plugin"),
        ("SECRET_KEY", ""),
        ("Q_CLUSTER_NAME", "fats"),
        ("PACKAGER_STORE_DIRECTORY", "/proc/packages"),
        ("PACKAGER_TEMP_DIRECTORY", "/proc/tmp"),
        ("PACKAGER_STORE_URL", "s3://Bucket?"),
    ],
)
def test_a_bad_value_stops_the_start_and_is_named(tmp_path, name, value):
    answer = _check(tmp_path, **{name: value})
    assert answer.returncode != 0
    assert name in answer.stderr
    assert "HINT" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PACKAGER_DWC_CORE_EXTENSION", "/no/such/file.xml"),
        ("PACKAGER_DWC_DYNAMIC_TERM", "noSuchTerm"),
        ("PACKAGER_DWC_EXTENSION_FIELDS", '{"media": 3}'),
    ],
)
def test_bad_darwin_core_settings_stop_the_start_too(tmp_path, name, value):
    answer = _check(tmp_path, **{name: value})
    assert answer.returncode != 0
    assert name in answer.stderr


def test_the_web_server_starts_although_nothing_can_be_stored_for_old_packages_can_be_read(tmp_path):
    given = {
        **GOOD,
        "DATABASE_URL": f"sqlite:///{tmp_path}/portal.sqlite3",
        "PACKAGER_STORE_DIRECTORY": "/proc/packages",
    }
    command = [sys.executable, "-c", "import portal.wsgi"]
    done = subprocess.run(command, env=given, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    refused = subprocess.run(
        command, env={**given, "PACKAGER_PAGE_SIZE": "many"}, cwd=ROOT, capture_output=True, check=False
    )
    assert refused.returncode != 0
