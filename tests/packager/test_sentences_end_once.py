"""A sentence ends with one full stop, wherever it is shown; the ckanpackager contract alone has none."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.messages import get_messages

from packager import errors
from packager.errors import RequestError
from packager.models import Status
from tests.packager.rows import make
from tests.packager.test_staff_roles import log_in  # noqa: F401

ROOT = Path(__file__).resolve().parents[2]
REFUSALS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, RequestError)}


def _problems() -> Iterator[tuple[Path, str]]:
    """What is passed to RequestError and its kind as a text."""
    for room in ("packager", "portal", "stats"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in REFUSALS and node.args:
                    yield path, ast.unparse(node.args[0])


def test_a_problem_is_written_without_a_full_stop():
    assert len(list(_problems())) > 50
    assert [(path, text) for path, text in _problems() if text.rstrip("'\"").endswith(".")] == []


@pytest.mark.parametrize(
    ("deed", "status"),
    [("cancel", Status.SUCCEEDED), ("retry", Status.QUEUED), ("resend", Status.CANCELLED), ("forget", Status.RUNNING)],
)
def test_staff_read_one_full_stop(log_in, deed, status):  # noqa: F811
    (request,) = make(1, status)
    client = log_in("manager")
    answer = client.post(f"/admin/packager/packagerequest/{request.pk}/do/{deed}/", {"confirmed": "1"})
    (message,) = [str(message) for message in get_messages(answer.wsgi_request)]
    assert message.endswith(".")
    assert not message.endswith("..")


def test_the_modern_api_ends_its_sentence_and_the_old_contract_does_not(client, db, settings):
    settings.PACKAGER_SECRET = "secret"
    old = client.post("/package_url", {"secret": "secret"}).json()
    assert old["message"] == "Parameter resource_url is required"
    modern = client.get("/api/v1/requests/", headers={"Authorization": "Bearer nonsense"}).json()
    assert modern["detail"] == "The API key is wrong or revoked."
