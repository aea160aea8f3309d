"""What goes through the portal arrives in the statistics."""

from __future__ import annotations

from packager.lifecycle import requests
from packager.models import PackageRequest
from stats import queries
from stats.models import DailySum, ErrorRecord, RequestRecord
from tests.packager.conftest import run_tasks


def test_a_package_that_was_built_counts_once_with_its_rows_and_build_time(built, ckan):
    request = built(email="ada@example.org")
    record = RequestRecord.objects.get()
    assert (record.request_id, record.rows, record.cached) == (request.pk, request.package.rows, False)
    assert (record.rows, record.seconds) == (1000, request.package.build_seconds)
    assert queries.totals(ckan.resources["small"].id).popitem()[1] == {"emails": 1, "requests": 1, "errors": 0}


def test_a_cached_package_counts_as_another_request_and_not_as_another_build(built):
    built(email="ada@example.org")
    built(email="bob@example.org")
    assert queries.totals()["*"] == {"emails": 2, "requests": 2, "errors": 0}
    day = DailySum.objects.get()
    assert (day.requests, day.cached, day.builds) == (2, 1, 1)


def test_requests_that_joined_the_same_build_count_each(portal, submission):
    for name in ("ada", "bob", "eve"):
        requests.submit(submission(email=f"{name}@example.org"))
    run_tasks()
    assert queries.totals()["*"] == {"emails": 3, "requests": 3, "errors": 0}
    assert DailySum.objects.get().builds == 1


def test_a_failed_request_counts_as_an_error_with_its_public_sentence(built):
    request = built(parameters={"filters": {"no such field": 1}})
    record = ErrorRecord.objects.get()
    assert (record.message, record.code) == (request.error_message, request.error_code)
    assert queries.totals()["*"] == {"emails": 0, "requests": 0, "errors": 1}


def test_a_download_is_counted_with_its_bytes(built, client):
    request = built()
    answer = client.get(PackageRequest.objects.get(pk=request.pk).download_url.replace("http://portal.test", ""))
    size = len(b"".join(answer.streaming_content))
    assert (DailySum.objects.get().downloads, DailySum.objects.get().bytes) == (1, size)
