"""``/metrics`` tells the same and the whole, whichever of several web servers and their processes is asked."""

from __future__ import annotations

import pytest

from tests.processes.installation import Installation, free_port

pytestmark = pytest.mark.slow
BUILT, FAILED = 6, 2
#: Each server has two processes: so many questions reach both.
QUESTIONS = 12


@pytest.fixture(scope="module")
def servers(tmp_path_factory, ckan):
    """Two web servers of two processes each, and two clusters of a kind, as on two machines."""
    with Installation(tmp_path_factory.mktemp("several"), ckan.host) as portal:
        ports = [free_port(), free_port()]
        for number, port in enumerate(ports):
            portal.start_web(f"web{number}", port, "--workers", "2")
        portal.start_cluster("fast", "fast-too")
        addresses = [f"http://127.0.0.1:{port}" for port in ports]
        portal.wait(lambda: all(_answers(portal, address) for address in addresses))
        portal.wait(lambda: portal.status()["worker_count"] == 6)
        yield portal, addresses


def _answers(portal: Installation, address: str) -> bool:
    try:
        return portal.get(f"{address}/healthz")[0] == 200
    except OSError:
        return False


def _scrape(portal: Installation, address: str) -> dict[str, str]:
    lines = portal.get(f"{address}/metrics")[1].decode().splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


def test_every_process_tells_the_same(servers, ckan):
    portal, addresses = servers
    fields = {"api_url": ckan.api_url, "email": "ada@example.org"}
    asked = [
        portal.post("/package_datastore", **fields, resource_id=ckan.id("specimens"), limit=str(number + 1))
        for number in range(BUILT)
    ]
    for number in range(FAILED):
        portal.post("/package_datastore", **fields, resource_id="nobody-knows-it", limit=str(number + 1))
    for number, answer in enumerate(asked):
        link = portal.wait(lambda url=answer["status_url"]: portal.download_link(url))
        assert portal.get(addresses[number % 2] + link)[0] == 200
    portal.wait(lambda: portal.one("SELECT count(*) FROM stats_errorrecord") == FAILED)
    portal.wait(lambda: portal.one("SELECT count(*) FROM stats_downloadrecord") == BUILT)
    portal.wait(lambda: not portal.one("SELECT count(*) FROM packager_delivery WHERE state <> 'sent'"))
    pages = [_scrape(portal, address) for _ in range(QUESTIONS) for address in addresses]
    moving = {"packaging_store_free_bytes"}
    assert all({**page, **dict.fromkeys(moving)} == {**pages[0], **dict.fromkeys(moving)} for page in pages)
    told = {name: float(value) for name, value in pages[0].items()}
    assert told['packaging_requests_ended_total{outcome="built"}'] == told["packaging_downloads_total"] == BUILT
    assert told['packaging_requests_ended_total{outcome="failed"}'] == FAILED
    assert told["packaging_build_seconds_count"] == told['packaging_build_seconds_bucket{le="+Inf"}'] == BUILT
    assert told['packaging_cluster_workers{queue="fast"}'] == 4
