"""What is nested too deeply, or too long, is 400 and named, whichever door it comes to."""

from __future__ import annotations

import json

import pytest
from django.conf import settings
from django.test import Client

from packager.models import PackageRequest
from packager.submission import Submission

#: Deeper than we take, deeper than Python goes down, and deeper than anything goes down.
DEPTHS = [33, 900, 100_000]


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("field", ["filters", "q", "options", "fields", "resource_id", "nobody_knows_it"])
def test_the_modern_api_names_a_field_that_is_nested_too_deeply(api, field, depth):
    answer = api.post("requests/", f'{{"format": "csv", "{field}": {{"a": {nested(depth)}}}}}')
    assert (answer.status_code, answer.json()["field"]) == (400, field)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("field", ["filters", "q", "fields", "email"])
def test_the_endpoints_of_ckanpackager_name_it_in_a_json_body(portal, field, depth):
    body = f'{{"secret": "{settings.PACKAGER_SECRET}", "{field}": {{"a": {nested(depth)}}}}}'
    answer = portal.post("/package_datastore", body, content_type="application/json")
    assert answer.status_code == 400
    assert field in answer.json()["message"]


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("field", ["filters", "fields"])
def test_the_endpoints_of_ckanpackager_name_it_in_a_form(portal, body, field, depth):
    value = f'{{"a": {nested(depth)}}}' if field == "filters" else nested(depth)
    fields = {**body, "secret": settings.PACKAGER_SECRET, "email": "ada@example.org", field: value}
    answer = portal.post("/package_datastore", fields)
    assert answer.status_code == 400
    assert field in answer.json()["message"]


def test_a_body_that_is_nested_outside_of_any_field_is_named_body(api):
    answer = api.post("requests/", nested(100_000))
    assert (answer.status_code, answer.json()["field"]) == (400, "body")


@pytest.mark.parametrize("text", ['[[["{{{{', "\\" * 99 + '"' + "[{" * 99, "]" * 99 + "[" * 20])
def test_brackets_in_a_text_are_letters(api, body, text):
    assert api.post("requests/", {**body, "q": text, "filters": {"name": [text] * 50}}).status_code == 201
    assert PackageRequest.objects.get().parameters["q"] == text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("q", "x" * 10_001),
        ("q", {"name": "x" * 10_000}),
        ("filters", {"name": "x" * 100_000}),
        ("filters", {"name": ["x"] * 30_000}),
        ("fields", ["x" * 100_000]),
        ("sort", "x" * 2_001),
        ("language", "x" * 2_001),
    ],
)
@pytest.mark.parametrize("door", ["modern", "legacy"])
def test_what_is_too_long_is_named(api, portal, body, door, field, value):
    if door == "modern":
        answer = api.post("requests/", {**body, field: value})
        named = answer.json()["field"]
    else:
        form = {**body, "secret": settings.PACKAGER_SECRET, "email": "ada@example.org", field: value}
        answer = portal.post("/package_datastore", json.dumps(form), content_type="application/json")
        named = answer.json()["message"]
    assert answer.status_code == 400
    assert field in named


def test_a_long_filter_that_somebody_may_need_is_taken(api, body):
    assert api.post("requests/", {**body, "filters": {"_id": list(range(10_000))}}).status_code == 201


def test_a_json_body_has_an_end_for_the_endpoints_of_ckanpackager_too():
    answer = Client().post(
        "/package_datastore", json.dumps({"q": "x" * 3 * 1024 * 1024}), content_type="application/json"
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('{"limit": 1, "limit": 2}', "limit"),
        ('{"filters": {"country": "Peru", "country": "Brasil"}}', "country"),
        (r'{"filters": {"a": 1}, "\ud800": 1, "\ud800": 2}', r"\ud800"),
    ],
)
def test_a_name_that_comes_twice_is_named_since_nobody_knows_which_value_counts(api, text, field):
    answer = api.post("requests/", text)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_so_is_one_in_the_filters_of_a_form(portal, body):
    form = {**body, "secret": settings.PACKAGER_SECRET, "email": "ada@example.org", "filters": '{"a": 1, "a": 2}'}
    answer = portal.post("/package_datastore", form)
    assert (answer.status_code, answer.json()["message"]) == (400, "Parameter filters has the name a twice")


def test_no_parameter_is_without_a_limit():
    assert {"parameters", "options"} <= set(Submission.__dataclass_fields__)


@pytest.mark.parametrize("odd", ["\u2028", "\u2029", "\x85", "\x7f", "\u200b", "\r\n"])
@pytest.mark.parametrize("field", ["api_url", "resource_url", "webhook_url", "email", "doi", "resource_id"])
def test_what_ends_a_line_in_some_reader_or_cannot_be_seen_is_no_part_of_an_address(api, body, field, odd):
    values = {"email": f"a{odd}da@example.org", "doi": f"10.1/a{odd}b", "resource_id": f"bi{odd}rds"}
    answer = api.post("requests/", {**body, field: values.get(field, f"https://data.example.org/{odd}x")})
    if field in ("doi", "resource_id") and odd == "\u200b":
        assert answer.status_code == 201
    else:
        assert (answer.status_code, answer.json()["field"]) == (400, field)
