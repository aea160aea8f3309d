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
