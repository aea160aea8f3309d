"""Sentry: off unless there is an address for it, and never told who somebody is."""

from __future__ import annotations

import pytest
import sentry_sdk

from portal import sentry


@pytest.fixture
def started(monkeypatch):
    """How the tracker was started."""
    calls = []
    monkeypatch.setattr(sentry_sdk, "init", lambda *args, **options: calls.append((args, options)))
    return calls


def test_without_an_address_nothing_is_started(started, settings):
    settings.SENTRY_DSN = ""
    sentry.connect()
    assert started == []


def test_what_is_sent_holds_neither_people_nor_keys(started, settings):
    settings.SENTRY_DSN = "https://key@sentry.example.org/1"
    sentry.connect()
    ((address,), options) = started[0]
    assert address == settings.SENTRY_DSN
    assert (options["send_default_pii"], options["include_local_variables"]) == (False, False)
    event = {
        "message": "no mail to ada@example.org with Authorization: eyJa.b-b-b.c-c-c",
        "request": {"headers": {"Authorization": "another-key"}},
        "user": {"ip_address": "198.51.100.7"},
    }
    sent = str(options["before_send"](event, {}))
    for secret in ("ada@", "eyJa", "another-key", "198.51"):
        assert secret not in sent
