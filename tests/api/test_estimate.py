"""``/api/v1/estimate/``: what a request would bring, before anything is queued."""

from __future__ import annotations

from django_q.models import OrmQ

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
