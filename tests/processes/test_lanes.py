"""Mails go out while builds that get nowhere hold every worker of a cluster."""

from __future__ import annotations

import pytest

from demo.ckan import DemoCkan
from tests.processes.installation import Installation

pytestmark = pytest.mark.slow


@pytest.fixture
def ckan():
    """A CKAN with a small table, and files that never end."""
    with DemoCkan(rows=100) as ckan:
        yield ckan


@pytest.fixture
def installation(ckan, tmp_path):
    """A portal in which nothing counts as stuck."""
    with Installation(tmp_path, ckan.host, PACKAGER_MIN_RATE="0") as portal:
        yield portal


@pytest.mark.fault("two files drip in", "mails go out meanwhile")
def test_a_mail_goes_out_while_two_files_drip_in(installation, ckan):
    wanted = {"resource_id": ckan.id("specimens"), "api_url": ckan.api_url}
    first = installation.post("/package_datastore", **wanted, email="ada@example.org")
    installation.wait(lambda: installation.download_link(first["status_url"]))
    ckan.faults.add("drip", seconds=1, times=99, path="/download/")
    for name in ("one", "two"):
        file = {"resource_id": name, "resource_url": ckan.download_url("small")}
        installation.post("/package_url", **file, email="grace@example.org")
    running = "SELECT count(*) FROM packager_packagerequest WHERE status = 'running'"
    installation.wait(lambda: installation.one(running) == 2)
    installation.post("/package_datastore", **wanted, email="joan@example.org")
    mails = installation.directory / "mail"
    installation.wait(lambda: any("joan@example.org" in path.read_text() for path in mails.iterdir()))
    assert installation.one(running) == 2
