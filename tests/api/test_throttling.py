"""A key and an address may make so many calls."""

from __future__ import annotations

from django.test import Client


def test_a_key_that_calls_too_often_is_told_when_to_come_back(api, settings):
    settings.PACKAGER_THROTTLE_KEY = "3/min"
    assert [api.get("requests/").status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = api.get("requests/")
    assert answer.json()["code"] == "throttled"
    assert 0 < int(answer["Retry-After"]) <= 60


def test_one_key_does_not_use_up_the_calls_of_another(caller, settings):
    settings.PACKAGER_THROTTLE_KEY = "1/min"
    assert [caller().get("requests/").status_code for _ in range(3)] == [200, 200, 200]


def test_an_address_that_tries_keys_is_stopped(portal, settings):
    settings.PACKAGER_THROTTLE_ADDRESS = "2/min"
    tries = [Client(headers={"Authorization": f"Bearer {n}"}).get("/api/v1/requests/").status_code for n in range(3)]
    assert tries == [401, 401, 429]


def test_an_address_cannot_pretend_to_be_another(portal, settings):
    settings.PACKAGER_THROTTLE_ADDRESS = "2/min"
    tries = [portal.get("/api/v1/", headers={"X-Forwarded-For": f"192.0.2.{n}"}).status_code for n in range(3)]
    assert tries == [200, 200, 429]
