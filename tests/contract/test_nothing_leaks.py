"""Keys, secrets and addresses stay out of logs, queue, errors and files, whether a build succeeds or fails."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from packager.errors import QueryRejected
from packager.models import Delivery, PackageError, PackageRequest, RequestHistory, Status
from packager.security.redaction import RedactingFormatter, redact
from stats.models import ErrorRecord

KEY = "eyJ0eXAiOiJKV1Qi.the-key-of.somebody-particular"
PLAIN_KEY = "b2f0c1de-7a5e-4c8e-9a51-cafe00c0ffee"
ADDRESS = "ada.lovelace@example.org"


@pytest.fixture
def log(caplog):
    """All that was logged so far, as written and as it was handed to the formatter."""
    caplog.set_level(logging.DEBUG)

    def lines():
        formatter = RedactingFormatter("%(name)s %(message)s")
        raw = "\n".join(f"{record.getMessage()} {record.args}" for record in caplog.records)
        return raw + caplog.text + "\n".join(formatter.format(record) for record in caplog.records)

    return lines


@pytest.mark.parametrize("key", [KEY, PLAIN_KEY])
@pytest.mark.parametrize("fault", [None, "status", "malformed"])
def test_neither_log_nor_table_nor_file_holds_a_key_or_the_secret(made, ckan, log, settings, key, fault):
    if fault:
        ckan.faults.add(fault, times=999, after=2)
    request = made(key=key, email=ADDRESS)
    assert request.status == (Status.FAILED if fault else Status.SUCCEEDED)
    for secret in (key, settings.PACKAGER_SECRET):
        assert [secret in place for place in (log(), _tables(), _files(settings))] == [False] * 3
    assert ADDRESS not in log() + _files(settings)


def _tables():
    models = (PackageRequest, PackageError, RequestHistory, Delivery, ErrorRecord)
    return str([list(model.objects.values()) for model in models])


def _files(settings):
    stored = Path(settings.PACKAGER_STORE_DIRECTORY).rglob("*")
    return "".join(path.read_bytes().decode("latin-1") for path in stored if path.is_file())


@pytest.mark.parametrize("key", [KEY, PLAIN_KEY])
def test_what_is_written_to_the_log_is_redacted_even_if_a_fault_repeats_it(made, caplog, monkeypatch, key):
    def broken(*_, **__):
        raise RuntimeError(f"broken for {ADDRESS} with Authorization: {key}")

    monkeypatch.setattr("packager.lifecycle.builds._stream", broken)
    request = made(key=key, email=ADDRESS)
    written = "\n".join(RedactingFormatter("%(message)s").format(record) for record in caplog.records)
    assert "RuntimeError" in written
    assert (key in written, ADDRESS in written) == (False, False)
    error = request.errors.get()
    assert "RuntimeError" in error.detail
    assert (key in error.detail, ADDRESS in error.detail) == (False, False)
    assert error.message == "Something went wrong on our side."


def test_a_key_that_stands_alone_in_a_fault_is_recognised(made, monkeypatch):
    written = []

    class Keeps(logging.Handler):
        def emit(self, record):
            written.append(self.format(record))

    def broken(*_, **__):
        raise RuntimeError(f"what is {PLAIN_KEY}?")

    monkeypatch.setattr("packager.assembly.Job.open", broken)
    handler = Keeps()
    handler.setFormatter(RedactingFormatter("%(message)s"))
    logging.getLogger("packager.lifecycle.builds").addHandler(handler)
    try:
        error = made(key=PLAIN_KEY).errors.get()
    finally:
        logging.getLogger("packager.lifecycle.builds").removeHandler(handler)
    for text in (error.detail, "\n".join(written)):
        assert "RuntimeError: what is [hidden]?" in text
        assert PLAIN_KEY not in text
    assert PLAIN_KEY in redact(f"after the build: {PLAIN_KEY}")


def test_what_the_data_portal_repeats_is_redacted_wherever_it_is_saved(made, monkeypatch):
    def rejected(*_, **__):
        raise QueryRejected(reason=f"unknown field {ADDRESS}, key={KEY}")

    monkeypatch.setattr("packager.lifecycle.builds._stream", rejected)
    request = made(email="eve@example.org")
    assert request.error_params["reason"].startswith("unknown field [address]")
    assert (KEY in _tables(), ADDRESS in _tables()) == (False, False)


def test_the_queue_holds_nothing_but_the_name_of_its_cluster(post):
    post(key=KEY, email=ADDRESS)
    (task,) = [SignedPackage.loads(queued.payload) for queued in OrmQ.objects.all()]
    assert task["args"] == ("fast",)
    assert (KEY in str(task), ADDRESS in str(task)) == (False, False)


def test_the_key_is_erased_once_the_package_is_there(made):
    assert made(key=KEY).encrypted_key == ""


def test_whatever_writes_a_log_writes_it_redacted(settings):
    handlers = settings.LOGGING["handlers"].values()
    formatters = {settings.LOGGING["formatters"][handler["formatter"]]["()"] for handler in handlers}
    assert formatters == {"packager.security.redaction.RedactingFormatter"}
