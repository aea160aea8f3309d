"""A known vulnerability of what is installed fails the tests; a service that cannot be asked does not."""

from __future__ import annotations

import json
import runpy
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / ".ci/audit"
GOOD = {"name": "good", "version": "1.0", "vulns": []}
#: As pip-audit writes it.
BAD = {"name": "bad", "version": "2.0", "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["2.1"], "aliases": []}]}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found on PyPI and could not be audited: unknown (3.0)"}


@pytest.fixture
def audit(monkeypatch):
    """What the script returns when pip-audit prints this."""

    def run(printed: str) -> int:
        done = subprocess.CompletedProcess([], 1, stdout=printed, stderr="")
        monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
        return runpy.run_path(str(SCRIPT))["main"]([])

    return run


def test_a_known_vulnerability_fails_and_is_named(audit, capsys):
    assert audit(json.dumps({"dependencies": [GOOD, BAD, UNKNOWN], "fixes": []})) == 1
    assert "bad 2.0: PYSEC-2026-1" in capsys.readouterr().out


def test_none_passes_and_tells_how_many_were_checked(audit, capsys):
    assert audit(json.dumps({"dependencies": [GOOD, UNKNOWN], "fixes": []})) == 0
    assert "1 of 2 packages checked" in capsys.readouterr().out


@pytest.mark.parametrize("printed", ["", "{}", "ERROR: no connection", json.dumps({"dependencies": [UNKNOWN]})])
def test_a_service_that_cannot_be_asked_is_told_of_in_one_line(audit, capsys, printed):
    assert audit(printed) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_it_stands_in_the_test_command():
    makefile = (SCRIPT.parents[1] / "Makefile").read_text()
    assert ".ci/audit" in makefile.partition("\ntest:")[2].partition("\n\n")[0]
