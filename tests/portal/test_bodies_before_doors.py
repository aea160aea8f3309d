"""What a stranger sends is not kept before it is known who sends it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files import uploadhandler
from django.test import Client

MIB = 1024 * 1024
DOORS = ["/package_datastore", "/package_url", "/status", "/statistics", "/", "/admin/login/", "/mails/x/", "/nowhere"]


class Untouched(io.BytesIO):
    """A body that must not be read."""

    def read(self, *_: object) -> bytes:
        raise AssertionError("somebody read it")


@pytest.mark.parametrize("path", [*DOORS, "/api/v1/requests/", "/api/v1/changes/", "/api/v1/"])
@pytest.mark.parametrize(
    "content_type", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "application/json"]
)
def test_a_body_that_is_too_large_is_refused_unread(db, path, content_type):
    client = Client()
    answer = client.generic(
        "POST", path, content_type=content_type, CONTENT_LENGTH=str(300 * MIB), **{"wsgi.input": Untouched()}
    )
    # who has no key need not be told about the body
    assert answer.status_code in ({401, 405, 413} if "/api/" in path else {404 if path == "/nowhere" else 413})


@pytest.mark.parametrize("content_type", ["application/xml", "text/plain", "application/octet-stream", ""])
def test_a_body_of_another_type_is_refused_unread(db, content_type):
    answer = Client().generic(
        "POST", "/package_datastore", content_type=content_type, CONTENT_LENGTH="1000", **{"wsgi.input": Untouched()}
    )
    assert answer.status_code == 415
    assert answer.json()["success"] is False


def test_no_file_is_spooled_and_the_fields_beside_it_are_read(db, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    upload = io.BytesIO(b"x" * 2 * MIB)
    upload.name = "unknown.bin"
    form = {"secret": settings.PACKAGER_SECRET, "unknown": upload}
    answer = Client().post("/status", form)
    assert answer.status_code == 200
    assert list(Path(tmp_path).iterdir()) == []


def test_no_other_handler_of_uploads_is_set_up():
    handlers = [uploadhandler.load_handler(name, None) for name in settings.FILE_UPLOAD_HANDLERS]
    assert [type(handler).__name__ for handler in handlers] == ["NoFiles"]
