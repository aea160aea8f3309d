"""The ckanpackager endpoints: what existing CKAN sites send, and the answers they expect."""

from __future__ import annotations

import json

import pytest

from packager.models import PackageRequest
from tests.packager.conftest import run_tasks

ENDPOINTS = ["/", "/status", "/clear_caches", "/package_datastore", "/package_dwc_archive", "/package_url"]


@pytest.mark.parametrize("path", ENDPOINTS[1:])
def test_get_is_not_allowed(portal, path):
    answer = portal.get(path)
    assert answer.status_code == 405
    assert answer.json()["status"] == "failed"


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("secret", [None, "", "wrong", "öpen sesame"])
def test_a_wrong_or_missing_secret_is_401_before_anything_else(post, path, secret):
    answer = post(path, secret=secret, email=None, limit="nonsense")
    assert answer.status_code == 401
    assert answer.json() == {
        "status": "failed",
        "success": False,
        "error": "NotAuthorizedError",
        "message": "Wrong/missing secret",
    }


def test_without_a_secret_of_its_own_the_portal_lets_nobody_in(post, settings):
    settings.PACKAGER_SECRET = ""
    assert post(secret="").status_code == 401


@pytest.mark.parametrize("field", ["api_url", "resource_id", "email"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_required_field_that_is_missing_or_empty_is_named(post, field, value):
    answer = post(**{field: value})
    assert answer.status_code == 400
    assert answer.json()["error"] == "BadRequestError"
    assert answer.json()["message"] == f"Parameter {field} is required"


def test_a_file_needs_its_address(post):
    assert post("/package_url").json()["message"] == "Parameter resource_url is required"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("filters", "{not json"),
        ("filters", "[1]"),
        ("filters", '{"a": NaN}'),
        ("limit", "ten"),
        ("limit", "-1"),
        ("limit", "1.5"),
        ("limit", "9" * 30),
        ("offset", "-3"),
        ("plain", "perhaps"),
        ("format", "docx"),
        ("email", "nobody"),
        ("email", "a@example.org\nBcc: b@example.org"),
        ("resource_id", "x" * 300),
        ("resource_id", "a\r\nb"),
        ("resource_id", "a\0b"),
        ("api_url", "file:///etc/hostname"),
        ("api_url", "http://user:pw@127.0.0.1/api"),
        ("api_url", "http://[broken"),
        ("api_url", "http://169.254.169.254/latest"),
    ],
)
def test_bad_input_is_400_and_names_the_field(post, field, value):
    answer = post(**{field: value})
    assert answer.status_code == 400
    assert field in answer.json()["message"]
    assert PackageRequest.objects.count() == 0


def test_a_good_request_is_answered_as_before_and_with_what_is_new(post, settings):
    body = post().json()
    request = PackageRequest.objects.get()
    assert body == {
        "status": "success",
        "success": True,
        "message": settings.PACKAGER_SUCCESS_MESSAGE,
        "request_id": str(request.pk),
        "status_url": f"{settings.PUBLIC_URL}/requests/{request.token}/",
    }


def test_json_is_taken_as_the_original_promised(portal, ckan, settings):
    body = {
        "secret": settings.PACKAGER_SECRET,
        "resource_id": ckan.resources["small"].id,
        "api_url": ckan.api_url,
        "email": "ada@example.org",
        "filters": {"country": ["Brasil"]},
        "limit": 5,
    }
    answer = portal.post("/package_datastore", json.dumps(body), content_type="application/json")
    assert answer.status_code == 200
    assert PackageRequest.objects.get().parameters == {"filters": {"country": ["Brasil"]}, "limit": 5}


@pytest.mark.parametrize("body", ["[1]", "{", '"text"', "null"])
def test_json_that_is_no_object_is_400(portal, body):
    answer = portal.post("/package_datastore", body, content_type="application/json")
    assert answer.status_code in (400, 401)
    assert answer.json()["status"] == "failed"


def test_the_body_cannot_be_of_another_type(portal):
    assert portal.post("/package_datastore", "x", content_type="text/plain").status_code == 415


def test_text_outside_of_ascii_simply_works(post):
    answer = post(q="Bombus größe 日本", filters='{"country": "Côte d\'Ivoire"}', resource_id="größe")
    assert answer.status_code == 200
    assert PackageRequest.objects.get().parameters["q"] == "Bombus größe 日本"


def test_unknown_fields_are_ignored_and_empty_ones_count_as_absent(post):
    assert post(colour="blue", q="", filters="", limit="").status_code == 200
    assert PackageRequest.objects.get().parameters == {}


def test_what_ckan_is_asked_for_goes_to_ckan_and_the_rest_does_not(post, ckan, settings):
    post(filters='{"country": "Brasil"}', sort="_id desc", limit="5", key="eyJkey", doi="10.5072/x")
    run_tasks()
    searches = [received for received in ckan.requests if "datastore_search" in received.path]
    assert any((received.body or {}).get("filters") for received in searches)
    for received in searches:
        assert not {"secret", "email", "doi", "key", "format"} & set(received.body or {})
        assert received.headers["authorization"] == "eyJkey"


def test_status_counts_workers_waiting_and_done(post):
    post()
    assert post("/status").json() == {
        "status": "success",
        "success": True,
        "worker_count": 0,
        "queue_length": 1,
        "processed_requests": 0,
    }
    assert post("/").json()["queue_length"] == 1


def test_a_browser_sees_a_page_at_the_root(portal):
    answer = portal.get("/")
    assert answer.status_code == 200
    assert b"<h1>" in answer.content


def test_clear_caches_deletes_the_packages(post, built, portal):
    request = built()
    answer = post("/clear_caches")
    assert answer.json() == {"status": "success", "success": True, "message": "Done."}
    request.package.refresh_from_db()
    assert request.package.deleted_at is not None
    path = request.download_url.removeprefix("http://portal.test")
    assert portal.get(path).status_code == 410
