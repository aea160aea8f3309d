"""Whatever body comes to whatever address: it is taken, or refused in words that name what is wrong; never a 500.

The addresses are read from the portal's own list, so that a new one is tried without being named here. One that reads
a body wants an example of a good one in ``GOOD``.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.test.client import ClientHandler
from django.urls import URLPattern, get_resolver

from packager.delivery import unsubscribe
from packager.intake import routing
from packager.lifecycle import requests
from packager.models import PackageRequest
from packager.security import api_keys
from tests.packager.conftest import _ckan, ckan, submission

__all__ = ["_ckan", "ckan", "submission"]
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
ODD_PART = b'--x\r\nContent-Disposition: form-data; name="\xff\0"\r\n\r\n\xff\r\n--x--\r\n'
#: name -> body and content type. None of them is anything that anybody can have meant.
BODIES: dict[str, tuple[str | bytes, str]] = {
    "a list": ("[]", JSON),
    "null": ("null", JSON),
    "a text": ('"text"', JSON),
    "a number": ("1", JSON),
    "an object in a list": ("[{}]", JSON),
    "null in a list": ("[null]", JSON),
    "deep lists": ("[" * 1000 + "]" * 1000, JSON),
    "deep objects": ('{"a":' * 1000 + "1" + "}" * 1000, JSON),
    "endless digits": ("9" * 100_000, JSON),
    "NaN": ('{"limit": NaN}', JSON),
    "a name twice": ('{"limit": 1, "limit": 2}', JSON),
    "half a surrogate pair": ('{"\\ud800": "\\udfff"}', JSON),
    "NUL": ('{"a\\u0000b": "\\u0000"}', JSON),
    "no UTF-8": (b'{"resource_id": "\xff"}', JSON),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), JSON),
    "not ended": ('{"a": ', JSON),
    "blanks": ("  ", JSON),
    "nothing": ("", JSON),
    "an unknown charset": ("{}", f"{JSON}; charset=nonsense"),
    "XML": ("<a/>", "application/xml"),
    "no type": ("{}", ""),
    "a type that is no text": ("{}", "\xff/\xfe"),
    "an odd form": ("a=1&a=2&%00=%ff&=&&action=%00&_selected_action=%00&name=%00&every=%00", FORM),
    "no boundary": (b"junk", "multipart/form-data"),
    "no parts": (b"junk", "multipart/form-data; boundary=x"),
    "an odd part": (ODD_PART, "multipart/form-data; boundary=x"),
}
#: What forms of the admin look at; nothing else is read by them.
OF_BROWSERS = ("an odd form", "no boundary", "an odd part")
#: Odd values of a field, as JSON.
VALUES = {
    "null": "null",
    "true": "true",
    "below zero": "-1",
    "a fraction": "1.5",
    "more than 64 bits": "9" * 400,
    "beyond all numbers": "1e999",
    "NaN": "NaN",
    "empty": '""',
    "half a surrogate pair": '"\\ud800"',
    "NUL": '"a\\u0000b"',
    "line breaks": '"a\\r\\nb\\u2028"',
    "long": json.dumps("x" * 20_000),
    "no address": '"http://[::1"',
    "a list": "[]",
    "lists in a list": "[[null]]",
    "odd texts in a list": '["a", "\\ud800", "\\u0000"]',
    "an object": "{}",
    "half a surrogate pair within": '{"\\ud800": "\\udfff"}',
    "NUL within": '{"a\\u0000": "b\\u0000"}',
    "infinite within": '{"a": [1e999]}',
    "a name twice within": '{"resource_id": 1, "resource_id": 2}',
    "deep": "[" * 1000 + "]" * 1000,
}
#: Addresses that look at no body, and do what they do whatever it is.
READS_NO_BODY = {
    "favicon.ico",
    "api/v1/requests/<str:request_id>/cancel/",
    "api/v1/requests/<str:request_id>/retry/",
    *(f"requests/<str:token>/{button}" for button in ("cancel", "again", "order")),
    "mails/<str:token>/",
    "mails/<str:token>/allow",
}
#: What is said of a text that is no JSON, of an object with a name twice in it, and of who has the wrong secret.
NO_FIELD_TO_NAME = re.compile(r"body is not valid|could not be read|Malformed json|given twice|missing secret")
#: Of what a refusal speaks.
WHAT_IS_WRONG = re.compile(r"body|json|media type|required|secret|Parameter|field|changes|keys|job", re.I)
OF_A_TABLE = "resource_id api_url filters q plain language fields sort limit offset format doi key"
OF_THE_API = f"{OF_A_TABLE} kind resource_url options email mail_language webhook_url requester"
OF_A_JOB = "job_type api_key metadata data result_url"
LEGACY = "secret"
#: Addresses that read a body, and the fields that it may have; ``EXAMPLES`` holds those that it must have.
READS = {
    "": LEGACY,
    "status": LEGACY,
    "clear_caches": LEGACY,
    "statistics": f"{LEGACY} resource_id",
    "statistics/<str:kind>": f"{LEGACY} resource_id email limit offset",
    "package_datastore": f"{LEGACY} {OF_A_TABLE} email",
    "package_dwc_archive": f"{LEGACY} {OF_A_TABLE} email eml for_gbif",
    "package_url": f"{LEGACY} resource_id resource_url email doi key",
    "api/v1/requests/": OF_THE_API,
    "api/v1/estimate/": OF_THE_API,
    "api/v1/changes/": "routing_key operation payload",
    "api/v1/requests/<str:request_id>/standing-order/": "every",
    **{f"{at}job{slash}": OF_A_JOB for at in ("", "pusher/") for slash in ("", "/", "/<str:job_id>", "/<str:job_id>/")},
}
NEEDED = {"secret", "resource_id", "api_url", "routing_key", "operation", "payload", "every", "job_type", "api_key"}


def _routes(patterns: list[Any], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from _routes(pattern.url_patterns, route)


ROUTES = sorted(set(_routes(get_resolver().url_patterns)))
PUBLIC = [route for route in ROUTES if not route.startswith("admin/")]
#: Without the tables of other applications, whose pages are Django's alone.
ADMIN = [route for route in ROUTES if re.match(r"admin/(?!axes|django_q|auth)", route)]


#: One for all, since each looks through the static files when it begins.
HANDLER = ClientHandler(enforce_csrf_checks=False)


@pytest.fixture(autouse=True)
def quiet(db, settings, tmp_path, monkeypatch):
    """Nobody is told to come back later, no data portal is asked, and what is logged of refusals is no matter here."""
    monkeypatch.setattr(routing, "measure", lambda submission: routing.Extent())
    settings.PACKAGER_THROTTLE_KEY = settings.PACKAGER_THROTTLE_ADDRESS = settings.PACKAGER_THROTTLE_SECRET = ""
    settings.PACKAGER_STORE_DIRECTORY, settings.PACKAGER_TEMP_DIRECTORY = tmp_path / "packages", tmp_path / "tmp"
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def request_made(submission) -> PackageRequest:
    return requests.submit(submission())


@pytest.fixture
def client() -> Client:
    """Somebody whose key may do everything, and who is a member of staff as well."""
    key = api_keys.issue("a test", api_keys.Scope.values).text
    client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {key}"})
    client.handler = HANDLER
    client.force_login(User.objects.create_superuser("boss"))
    return client


@pytest.fixture
def path_of(request_made):
    """The address of a route, of things that are there as far as possible."""
    mark = unsubscribe.unsubscribe_url("ada@example.org").rstrip("/").rpartition("/")[2]

    def path(route: str) -> str:
        known = {"token": mark if route.startswith("mails/") else request_made.token, "request_id": request_made.pk}
        known |= {"kind": "requests", "name": "retry", "content_type_id": 1, "object_id": 999, "id": 999}
        known |= {"pk": request_made.pk if "<uuid:" in route else 999, "app_label": "packager", "url": "nowhere"}
        plain = re.sub(r"\(\?P(<\w+>)[^)]*\)", r"\1", route)  # the two of Django's own that are regular expressions
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda part: str(known.get(part[1], "x")), plain).strip("^$")

    return path


@pytest.fixture
def examples(ckan) -> dict[str, Any]:
    """A good value for each field that needs one."""
    site = {"resource_id": ckan.id("small"), "api_url": ckan.api_url, "resource_url": ckan.download_url("small")}
    told = {"routing_key": "Resource", "operation": "changed", "payload": {"id": "birds"}, "every": "week"}
    job = {"job_type": "push_to_datastore", "api_key": "a key", "metadata": {"ckan_url": ckan.api_url}}
    return {**site, **told, **job, "secret": settings.PACKAGER_SECRET, "email": "ada@example.org"}


def sentence_of(answer: Any) -> str:
    """What an answer that refuses says, without the names of fields that were sent."""
    said = answer.content.decode()
    assert "Traceback" not in said
    if answer["Content-Type"].startswith(("application/json", "application/problem+json")):
        found = json.loads(said)
        said = str(found.get("detail") or found.get("message") or found.get("error"))
    return said


@pytest.mark.parametrize("route", PUBLIC)
def test_a_body_that_nobody_can_have_meant_is_refused_in_words(client, path_of, route):
    path = path_of(route)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        if client.generic(method, path, "{}", content_type=JSON).status_code in (404, 405):
            continue
        for name, (body, content_type) in BODIES.items():
            answer = client.generic(method, path, body, content_type=content_type)
            assert answer.status_code < 500, (method, name)
            if route not in READS_NO_BODY and method != "DELETE":
                assert route in READS, "it reads a body: say which fields it may have"
                assert 400 <= answer.status_code < 500, (method, name)
                assert WHAT_IS_WRONG.search(sentence_of(answer)), (method, name, answer.content)


@pytest.mark.parametrize("route", ADMIN)
def test_no_form_of_the_staff_falls_over_one(client, path_of, route):
    for name in OF_BROWSERS:
        body, content_type = BODIES[name]
        answer = client.generic("POST", path_of(route), body, content_type=content_type)
        assert answer.status_code < 500, name


#: Of addresses that have others beside them which read the same, one.
SAME = re.compile(r"api/v1/estimate/|pusher/job|job/$|job/.*/$")
FIELDS = [(route, field) for route, fields in READS.items() if not SAME.match(route) for field in fields.split()]


@pytest.mark.parametrize(("route", "field"), FIELDS)
def test_a_value_that_cannot_be_used_is_refused_and_its_field_named(client, path_of, examples, route, field):
    if "api_url" in READS[route].split():
        del examples["resource_url"]  # it is for a table
    others = {name: examples[name] for name in READS[route].split() if name in examples and name != field}
    method = "PUT" if field == "every" else "POST"
    for number, (name, value) in enumerate(VALUES.items()):
        path = path_of(route).replace("job/x", f"job/{number}")  # each is there once
        body = f'{{{json.dumps(others)[1:-1]}{", " if others else ""}"{field}": {value}}}'
        answer = client.generic(method, path, body, content_type=JSON)
        assert answer.status_code < 500, (name, answer.content[:300])
        if answer.status_code >= 300 and not NO_FIELD_TO_NAME.search(sentence := sentence_of(answer)):
            assert field.replace("_", " ") in sentence.lower().replace("_", " "), (name, sentence)


PAYLOADS = [
    ("Resource", "id"), ("Resource", "url_type"), ("Resource", "state"), ("Datastore", "resource_id"),
    ("Package", "resources"), ("Package", "state"), ("Package", "private"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "field"), PAYLOADS)
def test_what_a_data_portal_tells_of_a_change_may_be_odd(client, key, field):
    for name, value in VALUES.items():
        told = f'{{"routing_key": "{key}", "operation": "deleted", "payload": {{"x": 1, "{field}": {value}}}}}'
        answer = client.post("/api/v1/changes/", told, content_type=JSON)
        assert answer.status_code in (202, 400), (name, answer.content[:300])
