"""What we hand out for production is fit for it."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

from tests.services import program

ROOT = Path(__file__).resolve().parents[2]


def example(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_production_example_passes_every_check(tmp_path):
    given = {name: value or secrets.token_urlsafe(50) for name, value in example(".env.production.example").items()}
    places = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": f"sqlite:///{tmp_path}/portal.sqlite3",
        "PACKAGER_STORE_DIRECTORY": f"{tmp_path}/packages",
        "PACKAGER_TEMP_DIRECTORY": f"{tmp_path}/tmp",
    }
    command = [sys.executable, str(ROOT / "manage.py"), "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, env={**given, **places}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_every_setting_of_the_example_is_explained():
    explained = (ROOT / "docs/operators.md").read_text() + (ROOT / ".env.example").read_text()
    assert [name for name in example(".env.production.example") if name not in explained] == ["POSTGRES_PASSWORD"]


def test_nginx_takes_its_configuration(tmp_path):
    site = (ROOT / "nginx.conf").read_text().replace("http://web:8000", "http://127.0.0.1:9")
    site = site.replace("/var/log/nginx", str(tmp_path)).replace("/etc/nginx/tls", f"{tmp_path}/tls")
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"error_log {tmp_path}/error.log; pid {tmp_path}/pid; events {{}} http {{ {site} }}")
    done = subprocess.run([program("nginx"), "-t", "-c", str(whole)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
