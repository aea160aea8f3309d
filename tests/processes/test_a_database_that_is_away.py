"""Real processes whose database is locked, or away: calls say when to come back, and builds wait for it."""

from __future__ import annotations

import json
import time
from urllib.error import HTTPError

import pytest

from tests.processes.installation import Installation

pytestmark = pytest.mark.slow
#: Longer than the database is away here.
ENVIRONMENT = {"PACKAGER_STALE_AFTER": "300"}


def _ask(installation: Installation, ckan, **fields: str) -> dict[str, str]:
    plain = {"resource_id": ckan.id("specimens"), "api_url": ckan.api_url, "email": "ada@example.org"}
    return installation.post("/package_datastore", **plain, **fields)


def _refused(installation: Installation, ckan) -> HTTPError:
    with pytest.raises(HTTPError) as refusal:
        _ask(installation, ckan, limit="7")
    return refusal.value


@pytest.mark.fault("the database is away for 10 s", "503 with Retry-After, the build waits")
def test_calls_are_told_when_to_come_back_and_builds_wait(installation, ckan):
    ckan.faults.add("slow", seconds=0.3, times=60)
    running = _ask(installation, ckan, sort="scientificName desc")
    state = "SELECT count(*) FROM packager_packagerequest WHERE status = 'running'"
    installation.wait(lambda: installation.one(state))
    with installation.database_away():
        refusal = _refused(installation, ckan)
        assert (refusal.code, refusal.headers["Retry-After"]) == (503, "30")
        assert json.load(refusal)["status"] == "failed"
        status, body = installation.get("/readyz")
        assert (status, json.loads(body)["database"]) == (503, "failed")
        time.sleep(10)  # for a few signs of life and the end of the build
    link = installation.wait(lambda: installation.download_link(running["status_url"]))
    assert installation.get(link)[0] == 200
    assert installation.one("SELECT max(worker_failures) FROM packager_packagerequest") == 0
    assert installation.one("SELECT count(*) FROM packager_packagerequest") == 1
    answer = _ask(installation, ckan, limit="7")
    installation.wait(lambda: installation.download_link(answer["status_url"]))
