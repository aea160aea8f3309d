"""Many at once: each submission counts once, and slow downloads leave room for everybody else."""

from __future__ import annotations

from collections import Counter

import pytest

from demo.ckan import DemoCkan
from tests.processes import crowd

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ckan():
    """A CKAN with a table that makes a package too large for the buffers of connections."""
    with DemoCkan(rows=200_000) as ckan:
        yield ckan


def test_submissions_from_many_connections_are_accepted_once_each_and_all_built(installation, ckan):
    wanted = {"resource_id": ckan.id("small"), "api_url": ckan.api_url}
    seen = crowd.submit(installation, wanted, count=60, connections=15)
    assert set(seen.answers) <= {200, 429, 503}
    assert not seen.hasty
    assert len(set(seen.request_ids)) == seen.answers[200] == 60
    made = "SELECT count(*) FROM packager_packagerequest"
    installation.wait(lambda: installation.one(f"{made} WHERE status = 'succeeded'") == 60)
    assert installation.one(made) == 60


def test_slow_downloads_leave_threads_for_everybody_else(installation, ckan):
    wanted = {"resource_id": ckan.id("specimens"), "api_url": ckan.api_url, "email": "ada@example.org"}
    answer = installation.post("/package_datastore", **wanted)
    link = installation.url + installation.wait(lambda: installation.download_link(answer["status_url"]))
    with crowd.slow_readers(link, 20) as begun:
        codes = Counter(int(first.split()[1]) for first in begun)
        assert codes == {200: 4, 503: 16}
        assert all(b"Retry-After: 10" in first for first in begun if b" 503 " in first[:20])
        seen = crowd.submit(installation, {**wanted, "limit": "5"}, count=5, connections=5)
        assert seen.answers[200] == 5
    installation.wait(lambda: installation.get(link)[0] == 200)
