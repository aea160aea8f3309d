"""Which cluster builds what."""

from __future__ import annotations

import pytest

from packager.lifecycle import requests
from packager.models import Kind, Queue


@pytest.fixture(autouse=True)
def slow_from_here(settings):
    """A line that the stand-in's thousand rows cross."""
    settings.PACKAGER_SLOW_REQUEST = 999


def test_few_rows_by_their_limit_are_fast(portal, submission):
    assert requests.submit(submission(parameters={"limit": 999})).queue == Queue.FAST


def test_the_limit_is_a_count_whatever_the_offset(portal, submission):
    given = {"limit": 1000, "offset": 900}
    assert requests.submit(submission(parameters=given)).queue == Queue.SLOW


def test_without_a_limit_the_data_portal_is_asked(portal, submission, settings):
    assert requests.submit(submission()).queue == Queue.SLOW
    settings.PACKAGER_SLOW_REQUEST = 1000
    assert requests.submit(submission(format="tsv")).queue == Queue.FAST


def test_a_filter_counts_what_it_leaves(portal, submission):
    assert requests.submit(submission(parameters={"filters": {"_id": [1, 2]}})).queue == Queue.FAST


def test_a_data_portal_that_does_not_answer_is_slow(portal, submission, ckan):
    ckan.faults.add("status", status=503, times=99)
    assert requests.submit(submission()).queue == Queue.SLOW


def test_a_file_is_fast(portal, submission, ckan):
    given = {"kind": Kind.URL, "resource_url": ckan.download_url("small"), "format": ""}
    assert requests.submit(submission(**given)).queue == Queue.FAST
