"""Whatever a call holds, it is taken or refused in words: no door answers 500."""

from __future__ import annotations

import json
import random
from urllib.parse import urlsplit

import pytest

from tests.attacks.conftest import SECRET

pytestmark = pytest.mark.slow
DEPTHS = [33, 500, 100_000]
MODERN = ["/api/v1/requests/", "/api/v1/estimate/", "/api/v1/changes/"]


def nested(depth: int, opening: str = "[", closing: str = "]") -> str:
    return opening * depth + closing * depth


@pytest.fixture(scope="module")
def modern(target):
    return target.caller(with_key=True, scopes=("requests:write", "requests:read", "changes:write"))


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("field", ["filters", "q", "fields", "options", "resource_id", "unheard_of"])
def test_the_api_names_the_field_that_goes_too_deep(modern, field, depth):
    for path in MODERN[:2]:
        found = modern.post_json(path, f'{{"format": "csv", "{field}": {{"a": {nested(depth)}}}}}')
        assert (found.status, found.json["field"]) == (400, field), path


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("field", ["filters", "q", "fields", "options"])
def test_the_endpoints_of_ckanpackager_name_it_too(target, field, depth):
    caller = target.caller()
    found = caller.post_json("/package_datastore", f'{{"secret": "{SECRET}", "{field}": {{"a": {nested(depth)}}}}}')
    assert (found.status, field in found.json["message"]) == (400, True)
    if field in ("filters", "fields"):
        found = caller.post_form("/package_datastore", target.form(**{field: nested(depth)}))
        assert (found.status, field in found.json["message"]) == (400, True)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("field", ["data", "metadata", "job_type", "result_url"])
def test_the_pusher_refuses_it(target, field, depth):
    job = f'{{"job_type": "push_to_datastore", "api_key": "x", "{field}": {{"a": {nested(depth)}}}}}'
    found = target.caller().post_json("/pusher/job", job)
    assert found.status == 409, found.body[:300]


@pytest.mark.parametrize("path", [*MODERN, "/package_datastore", "/pusher/job"])
def test_random_bodies_do_not_either(target, modern, path):
    dice = random.Random(path)
    known = [
        "resource_id",
        "api_url",
        "filters",
        "q",
        "fields",
        "sort",
        "limit",
        "format",
        "email",
        "options",
        "secret",
    ]
    values = [
        None,
        True,
        -1,
        2**70,
        1e308,
        "",
        "x",
        "\u2028",
        "\u202e",
        {},
        {"a": []},
        [[]],
        ["a", None],
        SECRET,
        "a" * 3000,
    ]
    for _ in range(60):
        body = json.dumps({dice.choice(known): dice.choice(values) for _ in range(dice.randint(1, 8))})
        caller = modern if path.startswith("/api/") else target.caller()
        found = caller.post_json(path, body)
        assert found.status < 500, (body, found.body[:300])


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1", "limit=abc", "page=0", "page=9999999999999999999999", "page_size=1e9", "cursor=%00", "cursor=%FF",
        "status=%00", "status[]=a", "created_after=9999-99-99", "created_after=%F0%9F%98%80", "resource_id=%00",
        "title=%ED%A0%80", "format=" + "x" * 5000, "ordering=email", "_limit=" + "9" * 20, "_offset=" + "9" * 20,
        "_limit=" + "9" * 5000, "order=" + "(" * 300,
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "path", ["/api/v1/requests/", "/api/v1/errors/", "/api/v1/statistics/", "/pusher/list", "/pusher/job"]
)
def test_no_odd_question_brings_a_list_down(target, path, query):
    caller = target.caller()
    caller.key = _key(target)
    assert caller.get(f"{path}?{query}").status < 500


def _key(target) -> str:
    scopes = ("requests:read", "requests:all", "errors:read", "statistics:read")
    target.all_scopes = getattr(target, "all_scopes", "") or target.new_key(*scopes)
    return str(target.all_scopes)


@pytest.mark.parametrize(
    "path",
    [
        "/requests/%00/",
        "/requests/" + "a" * 5000 + "/",
        "/download/%2e%2e/%2e%2e%2fetc%2fpasswd",
        "/download/x/..%2f..%2fx",
        "/mails/%FF%FE/",
        "/mails/a:b:c/",
        "/api/v1/requests/not-a-uuid/",
        "/api/v1/%2e%2e/admin/",
        "/static/%2e%2e/%2e%2e/.env",
        "/static/..%5c..%5cmanage.py",
        "//example.org/",
        "/admin//example.org/",
        "/pusher/job/%00",
        "/plugins/%0d%0aX: y",
    ],
)
def test_no_odd_address_leads_anywhere(target, path):
    found = target.caller().get(path)
    assert found.status in (301, 302, 308, 400, 401, 403, 404, 414), found.status
    assert urlsplit(found.headers.get("Location", "")).netloc in ("", "packages.example.org")
