"""A cluster goes on when one of its processes is killed or stands still, and ends when it is told to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import suppress

import pytest

from tests.processes.installation import Installation

pytestmark = pytest.mark.slow


def _builds(installation: Installation, ckan, limit: int) -> None:
    fields = {"resource_id": ckan.id("specimens"), "api_url": ckan.api_url, "email": "ada@example.org"}
    answer = installation.post("/package_datastore", **fields, limit=str(limit))
    installation.wait(lambda: installation.download_link(answer["status_url"]))


def _send(installation: Installation, cluster: str, role: str, what: signal.Signals) -> list[int]:
    hit = [pid for pid, name in installation.children(cluster).items() if name == role]
    for pid in hit:
        os.kill(pid, what)
    return hit


def _state(installation: Installation) -> str:
    return json.loads(installation.get("/readyz")[1])["clusters"]


def _is_wedged(installation: Installation) -> bool:
    return _state(installation) == "wedged"


@pytest.mark.fault("all idle workers are killed", "the next request is built")
def test_idle_workers_may_be_killed(installation, ckan):
    for limit in (11, 12, 13):
        assert len(_send(installation, "fast", "worker", signal.SIGKILL)) == 2
        _builds(installation, ckan, limit)


@pytest.mark.fault("pusher, monitor or clerk is killed", "the next request is built")
@pytest.mark.parametrize(("role", "limit"), [("pusher", 21), ("monitor", 22), ("clerk", 23)])
def test_each_of_the_others_may_be_killed(installation, ckan, role, limit):
    (killed,) = _send(installation, "fast", role, signal.SIGKILL)
    installation.wait(lambda: role in installation.children("fast").values())
    _builds(installation, ckan, limit)
    assert killed not in installation.children("fast")


@pytest.mark.fault("workers or pusher stand still", "called wedged, heals itself")
@pytest.mark.parametrize(("role", "limit"), [("worker", 31), ("pusher", 32)])
def test_a_cluster_that_stands_still_is_called_wedged_and_heals(installation, ckan, role, limit):
    _send(installation, "fast", role, signal.SIGSTOP)
    fields = {"resource_id": ckan.id("specimens"), "api_url": ckan.api_url, "email": "ada@example.org"}
    installation.post("/package_datastore", **fields, limit=str(limit))
    installation.wait(lambda: _is_wedged(installation))
    installation.wait(lambda: _state(installation) == "ok")
    _builds(installation, ckan, limit + 10)


def test_a_wedged_cluster_is_told_of_everywhere(installation):
    main = installation.processes["slow"]
    main.send_signal(signal.SIGSTOP)
    installation.wait(lambda: _is_wedged(installation))
    assert installation.get("/readyz")[0] == 503
    assert json.loads(installation.manage("status", "--json"))["wedged"] == ["slow"]
    assert 'packaging_cluster_wedged{queue="slow"} 1.0' in installation.get("/metrics")[1].decode()
    main.send_signal(signal.SIGCONT)
    installation.wait(lambda: _state(installation) == "ok")


def _gone(pids: set[int]) -> bool:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, 0)
            return False
    return True


def test_a_cluster_that_stands_still_ends_when_it_is_told_to(installation):
    _send(installation, "slow", "worker", signal.SIGSTOP)
    _send(installation, "slow", "pusher", signal.SIGSTOP)
    _ends(installation, "slow", lambda process: process.send_signal(signal.SIGTERM))


def test_a_cluster_ends_when_all_of_its_processes_are_told_to(installation):
    _ends(installation, "slow", lambda process: os.killpg(process.pid, signal.SIGTERM))


@pytest.mark.fault("the main process is killed", "none of its processes is left")
def test_no_process_outlives_a_main_process_that_is_killed(installation):
    _ends(installation, "slow", subprocess.Popen.kill)


def _ends(installation: Installation, cluster: str, end) -> None:
    """``end`` its main process, see that nothing is left, and start it again."""
    main, others = installation.processes[cluster], set(installation.children(cluster))
    assert others
    end(main)
    main.wait(60)
    installation.wait(lambda: _gone(others))
    installation.start_cluster(cluster)
    installation.wait(lambda: len(installation.children(cluster)) == len(others))
