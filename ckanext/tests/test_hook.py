"""The portal calls when a request has come to its end."""

from __future__ import annotations

import hashlib
import hmac
import json
import time

import pytest
from ckan.tests import factories

from tests.conftest import call, private_table, tokens_of

HOOK = "/packaging-portal/hook"


def signed(body, at=None, secret="whsec_of_the_tests"):
    at = int(time.time() if at is None else at)
    mark = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Packaging-Signature": f"t={at},v1={mark}", "Content-Type": "application/json"}


@pytest.fixture
def ada(site):
    """Somebody with private data."""
    return factories.User()


@pytest.fixture
def made(site, ada):
    """A request for private data, and what the portal sends about it."""
    found = call("packaging_portal_request_create", ada, resource_id=private_table(ada)["id"])
    return found, json.dumps({"event": "request.succeeded", "delivery": 1, "request": {"id": found["id"]}}).encode()


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled", "expired"])
def test_the_token_is_revoked_when_the_request_is_over(site, app, ada, made, status):
    found, body = made
    assert len(tokens_of(ada)) == 1
    site.requests[found["id"]]["status"] = status
    assert app.post(HOOK, data=body, headers=signed(body)).status_code == 200
    assert tokens_of(ada) == []


def test_nothing_that_it_says_is_believed(site, app, ada, made):
    _, body = made
    assert app.post(HOOK, data=body, headers=signed(body)).status_code == 200
    assert len(tokens_of(ada)) == 1  # the portal, asked, says that it is queued


def test_a_call_counts_once(site, app, made):
    _, body = made
    headers = signed(body)
    assert app.post(HOOK, data=body, headers=headers).status_code == 200
    assert app.post(HOOK, data=body, headers=headers).status_code == 403


def test_and_again_if_the_portal_could_not_be_asked(site, app, made):
    found, body = made
    headers, path = signed(body), f"/api/v1/requests/{found['id']}/"
    site.refuse(path, 500)
    assert app.post(HOOK, data=body, headers=headers).status_code == 503
    del site.answers[path]
    assert app.post(HOOK, data=body, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        lambda body: signed(body, secret="another"),
        lambda body: signed(body, at=time.time() - 400),
        lambda body: signed(body, at=time.time() + 400),
        lambda body: signed(body + b" "),
        lambda body: {},
        lambda body: {"X-Packaging-Signature": "t=1,v1=1"},
        lambda body: {"X-Packaging-Signature": "t=²,v1=x"},
        lambda body: {"X-Packaging-Signature": "nonsense"},
    ],
)
def test_what_is_not_signed_now_by_the_portal_is_refused(site, app, ada, made, headers):
    found, body = made
    site.requests[found["id"]]["status"] = "succeeded"
    assert app.post(HOOK, data=body, headers=headers(body)).status_code == 403
    assert len(tokens_of(ada)) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"request": 1}'])
def test_what_cannot_be_read_is_a_bad_request(site, app, body):
    assert app.post(HOOK, data=body, headers=signed(body)).status_code == 400


def test_a_secret_that_is_not_set_opens_nothing(site, app, made, monkeypatch, ckan_config):
    monkeypatch.setitem(ckan_config, "ckanext.packaging_portal.webhook_secret", "")
    _, body = made
    assert app.post(HOOK, data=body, headers=signed(body, secret="")).status_code == 403
