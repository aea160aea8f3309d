"""A data portal that accepts connections and says nothing stops nobody but those who want its data."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from demo.ckan import DemoCkan
from tests.processes.installation import Installation

pytestmark = pytest.mark.slow
#: Seconds that the data portal keeps silent: longer than everything here takes together.
SILENCE = 600


@pytest.fixture(scope="module")
def silent():
    """A CKAN that never answers."""
    with DemoCkan(rows=100) as ckan:
        ckan.faults.add("hang", seconds=SILENCE, times=10_000, path="/")
        yield ckan


@pytest.fixture(scope="module")
def installation(silent, tmp_path_factory):
    """A portal that knows only this CKAN."""
    with Installation(tmp_path_factory.mktemp("sick"), silent.host) as portal:
        yield portal


def _ask(installation: Installation, ckan: DemoCkan, number: int) -> str:
    fields = {"resource_id": ckan.id("specimens"), "api_url": ckan.api_url, "email": "ada@example.org"}
    return installation.post("/package_datastore", **fields, limit=str(number))["request_id"]


@pytest.mark.fault("the data portal accepts and is silent", "pages come, requests are taken")
def test_pages_come_and_requests_are_taken_while_it_is_silent(installation, silent):
    with ThreadPoolExecutor(20) as many:
        answers = [many.submit(_ask, installation, silent, number) for number in range(1, 21)]
        began, waits = time.monotonic(), []
        while not all(answer.done() for answer in answers) or len(waits) < 20:
            start = time.monotonic()
            assert installation.get("/healthz")[0] == 200
            waits.append(time.monotonic() - start)
        assert len({answer.result() for answer in answers}) == 20
    assert time.monotonic() - began < SILENCE
    # of the usual wait, not the longest: other programs run on this machine, too
    assert sorted(waits)[len(waits) // 2] < 1


def test_the_fast_cluster_leaves_it_to_the_slow_one(installation, silent):
    _ask(installation, silent, 99)
    handed = "SELECT count(*) FROM packager_packagerequest WHERE queue = 'slow'"
    assert installation.wait(lambda: installation.one(handed))
