"""``/api/v1/estimate/``: what a request would bring, before anything is queued."""

from __future__ import annotations

from threading import BoundedSemaphore

import pytest
from django_q.models import OrmQ

from packager.intake import quick_look
from packager.models import Package, PackageRequest
from tests.packager.conftest import run_tasks


def test_rows_columns_and_queue_come_from_the_data_portal(api, body, ckan, settings):
    told = api.post("estimate/", {**body, "fields": ["_id", "country"]}).json()
    assert (told["rows"], told["columns"], told["queue"], told["cached"]) == (1000, ["_id", "country"], "fast", False)
    settings.PACKAGER_SLOW_REQUEST = 999
    assert api.post("estimate/", body).json()["queue"] == "slow"


def test_nothing_is_saved_or_queued(api, body):
    api.post("estimate/", body)
    assert (PackageRequest.objects.count(), OrmQ.objects.count()) == (0, 0)


def test_size_and_time_follow_from_earlier_packages(api, body):
    api.post("requests/", body)
    run_tasks()
    Package.objects.update(size=5000, build_seconds=2)
    told = api.post("estimate/", {**body, "limit": 100, "fields": ["_id"]}).json()
    assert (told["rows"], told["size"], told["seconds"]) == (100, 500, 0.2)


def test_a_package_that_is_there_is_told(api, body):
    api.post("requests/", body)
    run_tasks()
    assert api.post("estimate/", body).json()["cached"] is True


def test_the_size_of_a_file_is_what_its_server_says(api, ckan):
    url = ckan.resources["small"].show(ckan.url)["url"]
    told = api.post("estimate/", {"resource_id": "x", "resource_url": url}).json()
    assert told["rows"] is None
    assert told["size"] is None or told["size"] > 0


def test_what_the_data_portal_refuses_is_424_with_its_code(api, body):
    answer = api.post("estimate/", {**body, "resource_id": "unknown"})
    assert (answer.status_code, answer.json()["code"]) == (424, "resource_not_found")
    answer = api.post("estimate/", {**body, "filters": {"no_such_column": 1}})
    assert (answer.status_code, answer.json()["code"]) == (424, "query_rejected")


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_what_the_data_portal_does_not_tell_in_time_is_unknown(api, body, ckan, monkeypatch, fault):
    monkeypatch.setattr(quick_look, "SECONDS", 0.3)
    ckan.faults.add(fault, seconds=60, times=99)
    told = api.post("estimate/", body).json()
    assert (told["rows"], told["columns"], told["size"], told["seconds"]) == (None, None, None, None)
    assert (told["queue"], told["waiting"]) == ("slow", 0)


def test_a_file_whose_server_says_nothing_is_of_unknown_size(api, ckan, monkeypatch):
    monkeypatch.setattr(quick_look, "SECONDS", 0.3)
    ckan.faults.add("hang", seconds=60, path="/download/")
    told = api.post("estimate/", {"resource_id": "x", "resource_url": ckan.download_url("small")}).json()
    assert (told["size"], told["queue"]) == (None, "fast")


def test_only_a_few_ask_the_data_portal_at_once(api, body, ckan, monkeypatch):
    monkeypatch.setattr(quick_look, "_places", places := BoundedSemaphore(1))
    with places:
        assert api.post("estimate/", body).json()["rows"] is None
        assert list(ckan.requests) == []
    assert api.post("estimate/", body).json()["rows"] == 1000


def test_a_place_is_free_again_once_the_data_portal_was_left(api, body, ckan, monkeypatch):
    monkeypatch.setattr(quick_look, "_places", places := BoundedSemaphore(1))
    monkeypatch.setattr(quick_look, "SECONDS", 0.3)
    ckan.faults.add("hang", seconds=60)
    assert api.post("estimate/", body).json()["rows"] is None
    assert places.acquire(timeout=30)
