"""The endpoints: which verbs, which words, and nothing that a client can send is a fault of ours."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from django.test import Client

from packager.models import PackageRequest

PACKAGES = ["/package_datastore", "/package_dwc_archive", "/package_url"]
STATISTICS = ["/statistics", "/statistics/requests", "/statistics/errors"]
ALL = ["/", "/status", "/clear_caches", *PACKAGES, *STATISTICS]
#: A browser's GET of the root shows the public page.
PAGE = [("/", "get"), ("/", "head")]
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def portal(db, tmp_path, settings):
    """A portal whose requests are saved and never built: answers are all that matters here."""
    settings.PACKAGER_STORE_DIRECTORY = tmp_path / "packages"
    settings.PACKAGER_TEMP_DIRECTORY = tmp_path / "tmp"
    return Client()


@pytest.fixture
def plain(ckan, settings):
    """The fields of a good request to any endpoint."""
    return {
        "secret": settings.PACKAGER_SECRET,
        "resource_id": ckan.id("small"),
        "api_url": ckan.api_url,
        "resource_url": ckan.download_url("small"),
        "email": "ada@example.org",
    }


@pytest.fixture
def send(portal):
    """Posts a body as it is, as a script without cookies would."""
    outsider = Client(enforce_csrf_checks=True, raise_request_exception=False)

    def post(path, body, content_type=FORM, **headers):
        body = urlencode(body) if isinstance(body, dict) else body
        return outsider.generic("POST", path, body, content_type=content_type, headers=headers)

    return post


@pytest.mark.parametrize("path", ALL)
def test_a_script_without_cookies_is_answered_in_json(send, plain, path):
    answer = send(path, plain)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", ALL)
def test_every_good_answer_carries_both_words(send, plain, path):
    answer = send(path, plain).json()
    assert answer["status"] is True if path in STATISTICS else answer["status"] == "success"
    assert answer["success"] is True


@pytest.mark.parametrize("path", ALL)
def test_every_bad_answer_carries_both_words_and_says_which_error(send, path):
    answer = send(path, {"secret": "wrong"})
    assert answer.status_code == 401
    assert answer.json() == {
        "status": "failed",
        "success": False,
        "error": "NotAuthorizedError",
        "message": "Wrong/missing secret",
    }


@pytest.mark.parametrize(
    ("path", "verb"),
    [(path, verb) for path in ALL for verb in ("get", "head", "put", "delete", "options") if (path, verb) not in PAGE],
)
def test_other_verbs_are_405(portal, path, verb):
    answer = getattr(portal, verb)(path)
    assert answer.status_code == 405
    assert answer["Allow"] == "POST"


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*", "nonsense"])
def test_the_answer_is_json_whatever_the_client_says_it_likes(send, plain, accept):
    assert send("/package_datastore?format=xml", plain, accept=accept).status_code == 200


@pytest.mark.parametrize("path", PACKAGES)
def test_a_json_object_does_as_well_as_a_form(send, plain, path):
    answer = send(path, json.dumps(plain), "application/json")
    assert (answer.status_code, answer.json()["status"]) == (200, "success")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("[" * 100_000, "application/json"),
        ('{"a":' * 50_000 + "1" + "}" * 50_000, "application/json"),
        (b'{"secret": "\xff"}', "application/json"),
        ("&".join(f"field{n}=1" for n in range(2000)), FORM),
        (b"junk", "multipart/form-data"),
    ],
    ids=["deep list", "deep object", "not UTF-8", "too many fields", "no boundary"],
)
def test_a_body_that_cannot_be_read_is_400(send, body, content_type):
    answer = send("/package_datastore", body, content_type)
    assert answer.status_code == 400
    assert answer.json()["error"] == "BadRequestError"


@pytest.mark.parametrize("content_type", [FORM, "application/json"])
def test_a_body_that_is_too_large_is_413(send, plain, content_type):
    fields = {**plain, "eml": "x" * 3_000_000}
    answer = send("/package_dwc_archive", json.dumps(fields) if "json" in content_type else fields, content_type)
    assert (answer.status_code, answer.json()["status"]) == (413, "failed")


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/package_datastore", {"filters": '{"a": 1e400}'}),
        ("/package_datastore", {"filters": {"a": [{"b": float(10**308)}], "c": "\ud800"}}),
        ("/package_datastore", {"filters": "null"}),
        ("/package_datastore", {"resource_id": 5}),
        ("/package_datastore", {"sort": ["a"]}),
        ("/package_datastore", {"email": "\ud800@example.org"}),
        ("/package_datastore", {"email": "jürgen@example.org"}),
        ("/package_datastore", {"doi": "x" * 300}),
        ("/package_datastore", {"doi": "10.5072/x\r\nBcc: eve@example.org"}),
        ("/package_datastore", {"email": "ada@example.org\r\nRCPT TO:<eve@example.org>"}),
        ("/package_datastore", {"key": "a\r\nX-Evil: 1"}),
        ("/package_datastore", {"fields": "[1]"}),
        ("/package_datastore", {"offset": "1e3"}),
        ("/package_dwc_archive", {"for_gbif": "perhaps"}),
        ("/package_dwc_archive", {"format": "xlsx"}),
        ("/package_url", {"resource_url": "gopher://example.org/1"}),
        ("/statistics", {"resource_id": "\ud800"}),
        ("/statistics/requests", {"email": "\ud800"}),
        ("/statistics/errors", {"limit": "-1"}),
    ],
)
def test_a_value_that_cannot_be_used_is_400_and_its_field_is_named(send, plain, path, fields):
    answer = send(path, json.dumps({**plain, **fields}), "application/json")
    assert answer.status_code == 400
    assert next(iter(fields)) in answer.json()["message"]
    assert PackageRequest.objects.count() == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"email": "juergen@exämple.org"},
        {"resource_id": "größe"},
        {"doi": "10.5072/größe"},
        {"filters": '{"País": "España"}'},
        {"filters": '{"number": %s}' % ("9" * 400)},
        {"sort": "Größe desc"},
        {"colour": "größer"},
    ],
)
def test_letters_beyond_ascii_and_long_numbers_simply_work(send, plain, fields):
    assert send("/package_datastore", {**plain, **fields}).status_code == 200


def test_bytes_that_are_no_utf_8_are_no_fault_of_ours(send, plain):
    assert send("/package_datastore", urlencode(plain).encode() + b"&q=\xff%ff").status_code == 200


def test_text_beyond_ascii_as_the_secret_is_compared(send, plain, settings):
    settings.PACKAGER_SECRET = "größe"
    assert send("/status", plain).status_code == 401
    assert send("/status", {**plain, "secret": "größe"}).status_code == 200


def test_the_secret_is_compared_in_constant_time(send, plain, monkeypatch, settings):
    compared = []
    monkeypatch.setattr(
        "packager.api.legacy.constant_time_compare", lambda given, secret: compared.append((given, secret)) or True
    )
    send("/status", {"secret": "wrong"})
    assert compared == [(b"wrong", settings.PACKAGER_SECRET.encode())]


def test_pages_of_faults_show_nothing_of_the_inside(portal, monkeypatch):
    def broken(*_):
        raise RuntimeError("the inside")

    monkeypatch.setattr("packager.presentation.service_status.overview", broken)
    monkeypatch.setattr("portal.metrics.overview", broken)
    outsider = Client(raise_request_exception=False)
    for answer in (outsider.post("/status", {"secret": "open sesame"}), outsider.get("/metrics")):
        assert answer.status_code == 500
        for inside in (b"the inside", b"Traceback", b"RuntimeError", b"settings"):
            assert inside not in answer.content
    missing = outsider.get("/no/such/page")
    assert missing.status_code == 404
    assert b"urlpatterns" not in missing.content
