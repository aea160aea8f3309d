"""API keys: shown once, kept hashed, with scopes, revocable, and it is known when they were used."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from packager.security import api_keys
from packager.security.api_keys import ApiKey, Scope


def test_a_key_is_not_kept_in_clear(api):
    stored = ApiKey.objects.values().get()
    assert api.issued.text not in str(stored)
    assert api.issued.webhook_secret not in str(stored)
    assert api.issued.text.startswith(stored["prefix"])
    assert api.key.webhook_secret == api.issued.webhook_secret


def test_without_a_key_nothing_is_told(portal):
    answer = portal.get("/api/v1/requests/")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authorized")
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer ", "Bearer größe", "Basic dXNlcjpwdw==", "Token x"])
def test_a_wrong_key_is_401(portal, header):
    assert portal.get("/api/v1/requests/", headers={"Authorization": header}).status_code == 401


def test_a_key_in_the_address_is_no_key(portal, api):
    assert portal.get(f"/api/v1/requests/?key={api.issued.text}").status_code == 401


def test_a_revoked_key_opens_nothing(api):
    assert api.get("requests/").status_code == 200
    assert api_keys.revoke(ApiKey.objects.all()) == 1
    assert api.get("requests/").status_code == 401


@pytest.mark.parametrize(
    ("path", "method", "scope"),
    [
        ("requests/", "get", Scope.READ),
        ("requests/", "post", Scope.WRITE),
        ("estimate/", "post", Scope.WRITE),
        ("errors/", "get", Scope.ERRORS),
        ("statistics/", "get", Scope.STATISTICS),
    ],
)
def test_each_call_needs_its_scope(caller, path, method, scope):
    others = caller(*(s for s in Scope.values if s != scope))
    answer = getattr(others, method)(path)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert scope in answer.json()["detail"]
    assert getattr(caller(scope), method)(path).status_code in (200, 400)


def test_the_last_use_is_noted_once_a_minute(api):
    api.get("requests/")
    first = ApiKey.objects.get().last_used_at
    api.get("requests/")
    assert ApiKey.objects.get().last_used_at == first
    ApiKey.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    api.get("requests/")
    assert ApiKey.objects.get().last_used_at >= first


def test_the_root_and_the_schema_need_no_key(portal):
    for path in ("", "schema/", "docs/", "problems/"):
        assert Client().get(f"/api/v1/{path}").status_code == 200, path
