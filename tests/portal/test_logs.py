"""Secrets, API keys and e-mail addresses never reach the logs."""

from __future__ import annotations

import logging

import pytest

from packager.security.redaction import RedactingFormatter, redact


@pytest.mark.parametrize(
    "secret",
    ["ada.lovelace+x@example.co.uk", "eyJhbGciOi.eyJqdGkiOi.abc-DEF_123"],
)
def test_addresses_and_tokens_are_taken_out(secret):
    assert secret not in redact(f"before {secret} after")


@pytest.mark.parametrize(
    "line", ["Authorization: abc-123", "secret=abc-123", "{'key': 'abc-123'}", '"api_key": "abc-123"']
)
def test_what_is_called_a_secret_is_taken_out(line):
    assert "abc-123" not in redact(line)


def test_tracebacks_are_redacted_too():
    try:
        raise ValueError("no mailbox for ada@example.org")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "failed", None, __import__("sys").exc_info())
    line = RedactingFormatter("%(message)s").format(record)
    assert "ValueError" in line
    assert "ada@" not in line


def test_links_that_need_no_login_are_taken_out():
    token = "a" * 43
    assert token not in redact(f'"GET /requests/{token}/ HTTP/1.1" 200')


def test_links_that_stop_mails_are_taken_out():
    assert "b" * 64 not in redact(f'"POST /mails/{"b" * 64}:signature/ HTTP/1.1" 200')


@pytest.mark.parametrize(
    "line",
    [
        "Authorization: Bearer swordfish-1234",
        "{'Authorization': 'Token swordfish-1234'}",
        "curl -H 'authorization: bearer swordfish-1234'",
        "sent with Bearer swordfish-1234",
        "postgres://portal:swordfish-1234@database/portal",
        "SENTRY_DSN=https://swordfish-1234@sentry.example.org/1",
        "pp_swordfish-1234567890",
        "whsec_swordfish-1234567890",
        "AWS_SECRET_ACCESS_KEY=swordfish/1234",
        "GET /packages/x.zip?X-Amz-Expires=300&X-Amz-Signature=swordfish1234&x=1",
    ],
)
def test_keys_and_logins_are_taken_out_however_they_are_sent(line):
    assert "swordfish" not in redact(line)


@pytest.mark.parametrize("address", ["ada%40example.org", "a@b+ada@example.org", "ada@localhost", "o'ada@example.org"])
def test_an_address_is_taken_out_however_it_is_written(address):
    assert "ada" not in redact(f"GET /admin/?q={address} HTTP/1.1")


@pytest.mark.parametrize("line", ["https://example.org/@ada", "a token that has expired", "the key is missing"])
def test_what_is_no_secret_stays(line):
    assert redact(line) == line
