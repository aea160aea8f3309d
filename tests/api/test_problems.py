"""Every failure comes in one envelope."""

from __future__ import annotations

import json

import pytest

from packager.api.v1 import problems
from packager.lifecycle import requests


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "requests/nonsense/", 404, "not_found"),
        ("get", "nowhere/", 404, "not_found"),
        ("post", "nowhere/at/all/", 404, "not_found"),
        ("post", "nowhere", 404, "not_found"),
        ("post", "schema/", 405, "method_not_allowed"),
        ("post", "docs/", 405, "method_not_allowed"),
        ("get", "schema/?format=xml", 404, "not_found"),
        ("put", "requests/", 405, "method_not_allowed"),
        ("get", "requests/?created_after=yesterday", 400, "bad_request"),
    ],
)
def test_failures_are_problem_details(api, method, path, status, code):
    answer = getattr(api._client, method)(f"/api/v1/{path}")
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert {"type", "title", "detail"} <= set(problem)


@pytest.mark.parametrize("path", ["requests", "requests/nonsense/cancel", "statistics"])
def test_an_address_without_its_slash_keeps_method_and_body(api, path):
    answer = api._client.post(f"/api/v1/{path}?a=1", "{}", content_type="application/json")
    assert (answer.status_code, answer["Location"]) == (308, f"/api/v1/{path}/?a=1")


@pytest.mark.parametrize("body", ["{", "[1]", "null", '"text"', "[" * 100_000, '{"a": NaN}', '{"resource_id": 1e999}'])
def test_a_body_that_is_no_json_object_is_400(api, body):
    answer = api._client.post("/api/v1/requests/", body, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_another_type_of_body_is_415(api):
    answer = api._client.post("/api/v1/requests/", {"resource_id": "x"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_a_body_beyond_all_need_is_413(api):
    answer = api.post("requests/", json.dumps({"resource_id": "x" * 1024 * 1024}))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_every_field_at_fault_is_named(api):
    problem = api.post("requests/", {"limit": "ten", "plain": "perhaps"}).json()
    assert {fault["field"] for fault in problem["errors"]} == {"resource_id", "limit", "plain"}


def test_a_fault_of_ours_is_told_by_a_reference_and_nothing_else(api, body, monkeypatch, caplog):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr(requests, "submit", fail)
    answer = api.post("requests/", body)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "swordfish" not in answer.content.decode()
    assert answer.json()["reference"] in caplog.text


def test_the_type_of_a_problem_leads_to_its_meaning(api):
    problem = api.get("requests/nonsense/").json()
    address, _, code = problem["type"].removeprefix("http://portal.test/api/v1/").partition("#")
    assert code in [kind["code"] for kind in api.get(address).json()]


def test_the_catalogue_knows_every_code_once():
    codes = [kind["code"] for kind in problems.catalogue()]
    assert len(codes) == len(set(codes))
    assert {"bad_request", "conflict", "source_timeout", "incomplete_data", "throttled", "internal"} <= set(codes)
    assert all(kind["meaning"].endswith(".") for kind in problems.catalogue())
