"""``/api/v1/requests/``: from the question to the package."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from packager.models import Delivery, PackageRequest, Status
from tests.packager.conftest import run_tasks, unpacked


def test_a_request_becomes_a_package(api, body, portal):
    made = api.post("requests/", {**body, "email": "ada@example.org"})
    assert made.status_code == 201
    assert made["Location"] == made.json()["url"]
    assert (made.json()["status"], made.json()["package"]) == ("queued", None)
    run_tasks()
    told = api.get(f"requests/{made.json()['id']}/").json()
    assert (told["status"], told["package"]["rows"], told["progress"]["rows_done"]) == ("succeeded", 1000, 1000)
    package = api.get(f"requests/{told['id']}/package/").json()
    assert package == told["package"]
    content = b"".join(portal.get(package["url"].removeprefix("http://portal.test")))
    assert (len(content), hashlib.sha256(content).hexdigest()) == (package["size"], package["sha256"])
    assert "resource.csv" in [member["name"] for member in package["members"]]
    assert mail.outbox[0].to == ["ada@example.org"]


def test_what_was_asked_for_goes_to_ckan_and_comes_back(api, body, ckan, portal):
    wish = {
        "filters": {"country": ["Brasil"]},
        "fields": ["_id", "country"],
        "sort": "_id desc",
        "limit": 3,
        "options": {"delimiter": ";", "bom": True},
    }
    told = api.post("requests/", {**body, **wish}).json()
    assert told["query"] == {name: wish[name] for name in ("filters", "fields", "sort", "limit")}
    assert told["options"] == {"delimiter": ";", "bom": True, "excel_safe": False}
    run_tasks()
    text = unpacked(portal, PackageRequest.objects.get())["resource.csv"].decode()
    lines = text.removeprefix("\ufeff").splitlines()
    assert text.startswith("\ufeff")
    assert lines[0] == "_id;country"
    assert {line.partition(";")[2] for line in lines[1:]} == {"Brasil"}
    assert len(lines) == 4


def test_a_file_is_packed_as_it_is(api, ckan, portal):
    url = ckan.resources["small"].show(ckan.url)["url"]
    told = api.post("requests/", {"resource_id": "x", "resource_url": url}).json()
    assert (told["kind"], told["format"]) == ("url", "")
    run_tasks()
    assert "small.csv" in unpacked(portal, PackageRequest.objects.get())


def test_metadata_can_be_left_out(api, body, portal):
    api.post("requests/", {**body, "options": {"metadata": False}})
    run_tasks()
    assert list(unpacked(portal, PackageRequest.objects.get())) == ["resource.csv"]


def test_metadata_that_goes_without_saying_makes_no_other_package(api, body):
    api.post("requests/", body)
    run_tasks()
    assert api.post("requests/", {**body, "options": {"metadata": True}}).json()["cached"] is True
    assert api.post("requests/", {**body, "options": {"metadata": False}}).json()["cached"] is False


def test_the_ckan_key_goes_to_ckan_and_nowhere_else(api, body, ckan):
    made = api.post("requests/", {**body, "key": "eyJsecret"})
    run_tasks()
    assert {asked.headers.get("authorization") for asked in ckan.requests if "search" in asked.path} == {"eyJsecret"}
    assert "eyJsecret" not in made.content.decode() + api.get("requests/").content.decode()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"resource_id": ""}, "resource_id"),
        ({"api_url": None}, "api_url"),
        ({"api_url": "file:///etc/hostname"}, "api_url"),
        ({"api_url": "http://169.254.169.254/"}, "api_url"),
        ({"webhook_url": "http://127.0.0.1/hook"}, "webhook_url"),
        ({"webhook_url": "http://169.254.169.254/"}, "webhook_url"),
        ({"limit": -1}, "limit"),
        ({"limit": 2**63}, "limit"),
        ({"filters": "{broken"}, "filters"),
        ({"filters": {"a": "\0"}}, "filters"),
        ({"filters": {"a": ["\ud800"]}}, "filters"),
        ({"q": {"a": "\ud800"}}, "q"),
        ({"fields": "a"}, "fields"),
        ({"format": "docx"}, "format"),
        ({"options": {"colour": "blue"}}, "colour"),
        ({"options": {"metadata": "perhaps"}}, "metadata"),
        ({"options": {"delimiter": ";;"}}, "delimiter"),
        ({"email": "nobody"}, "email"),
        ({"mail_language": "tlh"}, "mail_language"),
        ({"resource_url": "http://127.0.0.1/file"}, "resource_url"),
        ({"kind": "url", "resource_url": "http://127.0.0.1/file"}, "api_url"),
        ({"filter": {"country": "Brasil"}}, "filter"),
    ],
)
def test_bad_input_is_400_and_names_the_field(api, body, change, field):
    answer = api.post("requests/", {**body, **change})
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert PackageRequest.objects.count() == 0


def test_other_peoples_requests_do_not_exist(caller, body):
    made = caller().post("requests/", body).json()
    other = caller()
    assert other.get("requests/").json()["results"] == []
    for path in ("", "package/"):
        assert other.get(f"requests/{made['id']}/{path}").status_code == 404
    for path in ("cancel/", "retry/"):
        assert other.post(f"requests/{made['id']}/{path}").status_code == 404
    assert PackageRequest.objects.get().status == Status.QUEUED


def test_a_key_for_staff_sees_and_stops_everything(api, staff, body, built):
    built()
    made = api.post("requests/", {**body, "limit": 1, "email": "ada@example.org"}).json()
    assert len(staff.get("requests/").json()["results"]) == 2
    assert staff.post(f"requests/{made['id']}/cancel/").json()["status"] == "cancelled"
    assert Delivery.objects.filter(subject="cancelled", request=made["id"]).count() == 1
    assert PackageRequest.objects.get(pk=made["id"]).history.last().actor == f"API key {staff.key}"


def test_cancel_and_retry(api, body):
    path = f"requests/{api.post('requests/', body).json()['id']}/"
    assert api.post(f"{path}retry/").status_code == 409
    assert api.post(f"{path}cancel/").json()["status"] == "cancelled"
    assert api.post(f"{path}cancel/").status_code == 409
    assert api.post(f"{path}retry/").json()["status"] == "queued"
    run_tasks()
    assert api.get(path).json()["status"] == "succeeded"


def test_a_failure_is_told_with_code_and_reference_but_no_internals(api, body):
    made = api.post("requests/", {**body, "resource_id": "unknown"}).json()
    run_tasks()
    failure = api.get(f"requests/{made['id']}/").json()["failure"]
    assert failure["code"] == "resource_not_found"
    listed = api.get("errors/").json()["results"]
    assert [(e["reference"], e["request"]) for e in listed] == [(failure["reference"], made["id"])]
    assert "Traceback" not in str(listed)


def test_lists_are_filtered(api, body, ckan):
    api.post("requests/", body)
    run_tasks()
    api.post("requests/", {**body, "format": "tsv", "limit": 1})
    empty = api.post("requests/", {**body, "resource_id": ckan.resources["empty"].id}).json()
    PackageRequest.objects.filter(pk=empty["id"]).update(created_at=timezone.now() - timedelta(days=9))
    day_ago = (timezone.now() - timedelta(days=1)).isoformat().replace("+00:00", "Z")

    def count(query: str) -> int:
        return len(api.get(f"requests/?{query}").json()["results"])

    assert [count("status=succeeded"), count("status=queued"), count("status=queued&status=succeeded")] == [1, 2, 3]
    assert [count("format=tsv"), count(f"resource_id={empty['resource_id']}")] == [1, 1]
    assert [count(f"created_after={day_ago}"), count(f"created_before={day_ago}")] == [2, 1]
    assert api.get("requests/?status=lost").status_code == 400


def test_lists_come_in_pages_that_leave_nothing_out(api, body):
    made = [api.post("requests/", {**body, "limit": n}).json()["id"] for n in range(1, 6)]
    seen, path = [], "requests/?page_size=2"
    while path:
        page = api.get(path).json()
        seen += [entry["id"] for entry in page["results"]]
        path = page["next"].partition("/api/v1/")[2] if page["next"] else ""
    assert seen == made[::-1]


@pytest.mark.parametrize("cursor", ["cD1ub3doZXJl", "cD0yMDI2LTk5LTk5", "x" * 500])
def test_a_cursor_of_nobodys_making_is_turned_down(api, cursor):
    assert api.get(f"requests/?cursor={cursor}").status_code in (400, 404)


def test_a_list_takes_the_same_number_of_queries_however_long_it_is(api, body, django_assert_max_num_queries):
    for n in range(1, 9):
        api.post("requests/", {**body, "limit": n})
    with django_assert_max_num_queries(4):
        assert len(api.get("requests/").json()["results"]) == 8
