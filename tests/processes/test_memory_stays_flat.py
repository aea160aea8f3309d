"""A worker needs no more memory for many rows than for few."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from demo.ckan import DemoCkan
from tests.processes.installation import Installation

pytestmark = pytest.mark.slow
MIB = 2**20


@pytest.fixture(scope="module")
def large():
    """A CKAN with 300,000 specimens."""
    with DemoCkan(rows=300_000) as ckan:
        yield ckan


@pytest.fixture(scope="module")
def installation(large, tmp_path_factory):
    """A portal whose clusters have one worker each, so that the same process builds everything."""
    one = {"PACKAGER_FAST_WORKERS": "1", "PACKAGER_SLOW_WORKERS": "1", "PACKAGER_SLOW_REQUEST": "0"}
    with Installation(tmp_path_factory.mktemp("memory"), large.host, workers=2, **one) as portal:
        yield portal


def _peak(installation: Installation, ckan: DemoCkan, **fields: str) -> int:
    """Peak memory, in bytes, of the worker that builds this, over its whole life.

    Watched while it builds: a worker that grew is replaced as soon as it is done.
    """
    plain = {"resource_id": ckan.id("specimens"), "api_url": ckan.api_url, "email": "ada@example.org"}
    answer = installation.post("/package_datastore", **{**plain, **fields})
    seen = [0]

    def look() -> str | None:
        worker = installation.one("SELECT worker FROM packager_packagerequest ORDER BY created_at DESC LIMIT 1")
        seen.append(_high_water_mark(worker.rpartition(":")[2]))
        return installation.download_link(answer["status_url"])

    installation.wait(look)
    assert max(seen) > 0
    return max(seen)


def _high_water_mark(pid: str) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = re.search(r"VmHWM:\s+(\d+)", status)  # not there any more once the process has ended
    return int(found[1]) * 1024 if found else 0


def test_a_worker_stays_under_200_mib_however_much_it_builds(installation, large):
    first = _peak(installation, large)
    second = _peak(installation, large, format="tsv")
    third = _peak(installation, large, format="xlsx")
    assert max(first, second, third) < 200 * MIB
    assert third - first < 50 * MIB
