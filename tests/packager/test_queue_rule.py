"""Which cluster builds what."""

from __future__ import annotations

import pytest
from django_q.models import OrmQ

from packager.intake import acceptance, routing
from packager.lifecycle import pace, requests
from packager.models import Kind, PackageRequest, Queue, Status
from tests.packager.conftest import run_tasks


@pytest.fixture(autouse=True)
def slow_from_here(settings):
    """A line that the stand-in's thousand rows cross."""
    settings.PACKAGER_SLOW_REQUEST = 999


@pytest.fixture
def impatient(settings, monkeypatch):
    """A fast cluster that looks at a data portal for a moment only."""
    settings.PACKAGER_HEARTBEAT = 0.05
    monkeypatch.setattr(pace, "LOOK", 0.2)


def test_who_submits_does_not_wait_for_the_data_portal(portal, submission, ckan):
    assert requests.submit(submission()).queue == Queue.FAST
    assert list(ckan.requests) == []


def test_few_rows_by_their_limit_are_fast(built):
    assert built(parameters={"limit": 999}).queue == Queue.FAST


def test_the_limit_is_a_count_whatever_the_offset(built, settings):
    settings.PACKAGER_SLOW_REQUEST = 399
    assert built(parameters={"limit": 400, "offset": 300}).queue == Queue.SLOW


def test_a_limit_beyond_the_end_counts_what_is_there(built, ckan):
    few = ckan.resources["awkward"].id
    assert built(resource_id=few, parameters={"limit": 100_000}).queue == Queue.FAST


def test_what_lies_before_the_offset_does_not_count(built):
    assert built(parameters={"limit": 1000, "offset": 900}).queue == Queue.FAST


def test_without_a_limit_the_rows_of_the_table_count(built, settings):
    assert built().queue == Queue.SLOW
    settings.PACKAGER_SLOW_REQUEST = 1000
    assert built(format="tsv").queue == Queue.FAST


def test_a_filter_counts_what_it_leaves(built):
    assert built(parameters={"filters": {"_id": [1, 2]}}).queue == Queue.FAST


def test_what_is_large_is_built_by_the_slow_cluster_and_its_history_says_why(built):
    request = built()
    assert (request.status, request.package.rows) == (Status.SUCCEEDED, 1000)
    changes = list(request.history.values_list("to_status", "note"))
    assert changes == [
        ("queued", ""),
        ("running", ""),
        ("queued", "handed to the slow cluster: it has 1,000 rows"),
        ("running", ""),
        ("succeeded", ""),
    ]


def test_the_slow_cluster_gets_the_task(portal, submission):
    requests.submit(submission())
    assert list(OrmQ.objects.values_list("key", flat=True)) == ["fast"]
    run_tasks(most=1)
    assert list(OrmQ.objects.values_list("key", flat=True)) == ["slow"]


def test_a_data_portal_that_does_not_answer_is_left_to_the_slow_cluster(built, ckan, impatient):
    ckan.faults.add("hang", seconds=60)
    request = built(parameters={"limit": 10})
    assert (request.status, request.queue) == (Status.SUCCEEDED, Queue.SLOW)
    assert request.history.filter(
        note="handed to the slow cluster: the data portal is too slow (source_too_slow)"
    ).exists()


def test_a_data_portal_whose_answer_drips_in_is_left_to_the_slow_cluster(built, ckan, impatient):
    ckan.faults.add("drip", seconds=0.05)
    assert built(parameters={"limit": 10}).queue == Queue.SLOW


def test_a_request_that_is_cancelled_while_it_is_looked_at_stays_so(portal, submission, ckan, monkeypatch):
    request = requests.submit(submission())
    monkeypatch.setattr(routing, "queue_for", lambda *_: requests.cancel(request.pk) and Queue.SLOW)
    run_tasks()
    request.refresh_from_db()
    assert (request.status, request.queue) == (Status.CANCELLED, Queue.FAST)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"parameters": {"limit": 3}},
        {"parameters": {"limit": 100_000}},
        {"parameters": {"limit": 100_000, "offset": 10}},
        {"parameters": {"offset": 1}},
        {"parameters": {"filters": {"_id": [1, 2]}}},
        {"name": "awkward", "parameters": {"limit": 100_000}},
        {"name": "empty", "parameters": {"limit": 0}},
        {"name": "stale_total", "parameters": {"limit": 500}},
    ],
    ids=str,
)
def test_the_estimate_tells_the_queue_that_the_request_gets(built, submission, ckan, given):
    wanted = {
        "resource_id": ckan.resources[given.get("name", "small")].id,
        "parameters": given.get("parameters", {}),
    }
    told = routing.estimate(acceptance.check(submission(**wanted)), cached=False).queue
    assert built(**wanted).queue == told


def test_who_joins_the_same_work_gets_its_queue_and_is_told_so(portal, submission, settings):
    requests.submit(submission())
    run_tasks(most=1)
    settings.PACKAGER_SLOW_REQUEST = 1000
    assert routing.estimate(acceptance.check(submission()), cached=False).queue == Queue.SLOW
    assert requests.submit(submission()).queue == Queue.SLOW


def test_who_joined_before_goes_along(portal, submission):
    requests.submit(submission())
    requests.submit(submission(email="grace@example.org"))
    run_tasks(most=1)
    assert set(PackageRequest.objects.values_list("status", "queue")) == {(Status.QUEUED, Queue.SLOW)}


def test_a_file_is_fast(built, ckan):
    assert built(kind=Kind.URL, resource_url=ckan.download_url("small"), format="").queue == Queue.FAST
