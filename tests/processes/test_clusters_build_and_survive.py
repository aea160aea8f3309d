"""The clusters build what is posted, and a worker that is killed loses nothing."""

from __future__ import annotations

import io
import os
import signal
import time
import zipfile

import pytest

from demo.ckan import DemoCkan
from tests.processes.installation import Installation

pytestmark = pytest.mark.slow


def _post(installation: Installation, ckan: DemoCkan, **fields: str) -> dict[str, str]:
    plain = {"resource_id": ckan.id("specimens"), "api_url": ckan.api_url, "email": "ada@example.org"}
    return installation.post("/package_datastore", **{**plain, **fields})


def _csv(installation: Installation, link: str) -> bytes:
    status, content = installation.get(link)
    assert status == 200
    return zipfile.ZipFile(io.BytesIO(content)).read("resource.csv")


@pytest.fixture(autouse=True)
def no_faults(ckan):
    """A CKAN without faults."""
    ckan.faults.clear()
    yield
    ckan.faults.clear()


def test_a_posted_request_is_built_mailed_and_downloaded(installation, ckan):
    answer = _post(installation, ckan)
    link = installation.wait(lambda: installation.download_link(answer["status_url"]))
    assert _csv(installation, link) == ckan.csv("specimens")
    mails = installation.directory / "mail"
    installation.wait(lambda: mails.is_dir() and any(link in path.read_text() for path in mails.iterdir()))


@pytest.mark.fault("the worker of a build is killed", "built again, whole")
def test_a_build_whose_worker_is_killed_is_built_again_whole(installation, ckan):
    ckan.faults.add("slow", seconds=0.5, times=1000)
    answer = _post(installation, ckan, sort="_id desc")
    wanted = f"packager_packagerequest WHERE id = {_id(installation, answer)}"
    running = f"SELECT worker FROM {wanted} AND status = 'running'"
    worker = installation.wait(lambda: installation.one(running))
    os.kill(int(worker.rpartition(":")[2]), signal.SIGKILL)
    ckan.faults.clear()
    time.sleep(5)
    # that the cluster has outlived its worker is known by its next sign
    seen = f"SELECT seen_at FROM packager_cluster WHERE pid = {worker.split(':')[1]}"
    before = installation.one(seen)
    installation.wait(lambda: installation.one(seen) != before)
    installation.manage("requeue_stale")
    link = installation.wait(lambda: installation.download_link(answer["status_url"]))
    assert _csv(installation, link).count(b"\n") == ckan.csv("specimens").count(b"\n")
    assert installation.one(f"SELECT worker_failures FROM {wanted}") == 1


def _id(installation: Installation, answer: dict[str, str]) -> str:
    wanted = answer["request_id"]
    is_postgres = installation.environment["DATABASE_URL"].startswith("postgres")
    return f"'{wanted}'" if is_postgres else f"'{wanted.replace('-', '')}'"


def test_a_running_build_can_be_cancelled(installation, ckan):
    ckan.faults.add("slow", seconds=0.5, times=1000)
    answer = _post(installation, ckan, sort="scientificName")
    state = f"SELECT status FROM packager_packagerequest WHERE id = {_id(installation, answer)}"
    installation.wait(lambda: installation.one(state) == "running")
    code = f"from packager.lifecycle import requests; requests.cancel('{answer['request_id']}', actor='test')"
    installation.manage("shell", "-c", code)
    parts = installation.directory / "tmp"
    installation.wait(lambda: not list(parts.glob("*.part")))
    assert installation.one(state) == "cancelled"


def test_everything_is_ready_and_measured(installation):
    status, body = installation.get("/readyz")
    assert status == 200, body
    metrics = installation.get("/metrics")[1].decode()
    assert 'packaging_cluster_workers{queue="fast"} 2.0' in metrics
    assert 'packaging_cluster_workers{queue="slow"} 2.0' in metrics
