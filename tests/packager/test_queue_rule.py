"""Which cluster builds what."""

from __future__ import annotations

import pytest

from packager.intake import acceptance, routing
from packager.lifecycle import requests
from packager.models import Kind, Queue


@pytest.fixture(autouse=True)
def slow_from_here(settings):
    """A line that the stand-in's thousand rows cross."""
    settings.PACKAGER_SLOW_REQUEST = 999


def test_few_rows_by_their_limit_are_fast(portal, submission):
    assert requests.submit(submission(parameters={"limit": 999})).queue == Queue.FAST


def test_the_limit_is_a_count_whatever_the_offset(portal, submission, settings):
    settings.PACKAGER_SLOW_REQUEST = 399
    given = {"limit": 400, "offset": 300}
    assert requests.submit(submission(parameters=given)).queue == Queue.SLOW


def test_a_limit_beyond_the_end_counts_what_is_there(portal, submission, ckan):
    few = ckan.resources["awkward"].id
    assert requests.submit(submission(resource_id=few, parameters={"limit": 100_000})).queue == Queue.FAST


def test_what_lies_before_the_offset_does_not_count(portal, submission):
    assert requests.submit(submission(parameters={"limit": 1000, "offset": 900})).queue == Queue.FAST


def test_without_a_limit_the_data_portal_is_asked(portal, submission, settings):
    assert requests.submit(submission()).queue == Queue.SLOW
    settings.PACKAGER_SLOW_REQUEST = 1000
    assert requests.submit(submission(format="tsv")).queue == Queue.FAST


def test_a_filter_counts_what_it_leaves(portal, submission):
    assert requests.submit(submission(parameters={"filters": {"_id": [1, 2]}})).queue == Queue.FAST


def test_a_data_portal_that_does_not_answer_is_slow(portal, submission, ckan):
    ckan.faults.add("status", status=503, times=99)
    assert requests.submit(submission()).queue == Queue.SLOW


def test_a_data_portal_that_does_not_answer_gives_no_more_than_the_limit(portal, submission, ckan):
    ckan.faults.add("status", status=503, times=99)
    assert requests.submit(submission(parameters={"limit": 999})).queue == Queue.FAST
    assert requests.submit(submission(parameters={"limit": 1000})).queue == Queue.SLOW


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
def test_the_estimate_tells_the_queue_that_the_request_gets(portal, submission, ckan, given):
    wanted = submission(
        resource_id=ckan.resources[given.get("name", "small")].id, parameters=given.get("parameters", {})
    )
    told = routing.estimate(acceptance.check(wanted), cached=False).queue
    assert requests.submit(wanted).queue == told


def test_who_joins_the_same_work_gets_its_queue_and_is_told_so(portal, submission, settings):
    assert requests.submit(submission()).queue == Queue.SLOW
    settings.PACKAGER_SLOW_REQUEST = 1000
    assert routing.estimate(acceptance.check(submission()), cached=False).queue == Queue.SLOW
    assert requests.submit(submission()).queue == Queue.SLOW


def test_a_file_is_fast(portal, submission, ckan):
    given = {"kind": Kind.URL, "resource_url": ckan.download_url("small"), "format": ""}
    assert requests.submit(submission(**given)).queue == Queue.FAST
