"""One requester's many requests, and tasks that got lost, on running clusters."""

from __future__ import annotations

import pytest

from tests.processes.installation import Installation

pytestmark = pytest.mark.slow
ENVIRONMENT = {"PACKAGER_FAST_WORKERS": "1", "PACKAGER_SLOW_WORKERS": "3"}
SUBMIT = """
from packager.lifecycle import dispatch, requests
from packager.submission import Submission
if {lost}:
    dispatch.hand_over = lambda queue: None
plain = dict(kind="datastore", resource_id="{id}", api_url="{url}", format="csv", email="{email}")
for limit in range({first}, {first} + {count}):
    requests.submit(Submission(**plain, parameters=dict(limit=limit)))
"""
NUMBER = "SELECT count(*) FROM packager_packagerequest WHERE "


def submit(portal: Installation, ckan, email: str, first: int, count: int, *, lost: bool = False) -> None:
    """Ask for so many; ``lost``: the broker never hears of it."""
    names = {"id": ckan.id("small"), "url": ckan.api_url, "email": f"{email}@example.org"}
    portal.manage("shell", "-c", SUBMIT.format(first=first, count=count, lost=lost, **names))


def test_the_one_of_another_requester_does_not_wait_for_all_of_another(installation, ckan):
    submit(installation, ckan, "ada", 1, 24)
    submit(installation, ckan, "grace", 100, 1)
    installation.wait(lambda: installation.one(f"{NUMBER} status IN ('queued', 'running')") == 0)
    grace = "(SELECT started_at FROM packager_packagerequest WHERE email = 'grace@example.org')"
    queued = "(SELECT queued_at FROM packager_packagerequest WHERE email = 'grace@example.org')"
    between = f"{NUMBER} email = 'ada@example.org' AND started_at > {queued} AND started_at < {grace}"
    assert installation.one(between) <= 2


def test_requests_whose_task_got_lost_are_built_before_newer_ones(installation, ckan):
    submit(installation, ckan, "joan", 200, 16, lost=True)
    submit(installation, ckan, "joan", 300, 20)
    mine = "email = 'joan@example.org'"
    # each task builds the oldest: as many as there were tasks are built, and those without one are the newest
    installation.wait(lambda: installation.one(f"{NUMBER} {mine} AND status = 'succeeded'") >= 20)
    first = f"SELECT created_at FROM packager_packagerequest WHERE {mine} ORDER BY created_at LIMIT 16"
    assert installation.one(f"{NUMBER} {mine} AND status = 'queued' AND created_at IN ({first})") == 0
    installation.manage("requeue_stale")
    installation.wait(lambda: installation.one(f"{NUMBER} {mine} AND status = 'succeeded'") == 36)
