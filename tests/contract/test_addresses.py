"""Every address of the contract answers as it should to those who may, and to nobody else."""

from __future__ import annotations

import json

import pytest

from tests.packager.conftest import run_tasks


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/", 200, "text/html"),
        ("/api/v1/", 200, "application/json"),
        ("/api/v1/requests/", 401, "application/problem+json"),
        ("/api/v1/errors/", 401, "application/problem+json"),
        ("/api/v1/statistics/", 401, "application/problem+json"),
        ("/api/v1/schema/", 200, "application/vnd.oai.openapi"),
        ("/api/v1/docs/", 200, "text/html"),
        ("/requests/nobody-knows-this/", 404, "text/html"),
        ("/download/nobody-knows-this/x.zip", 404, "text/html"),
        ("/admin/", 302, "text/html"),
        ("/healthz", 200, "application/json"),
        ("/readyz", 200, "application/json"),
        ("/metrics", 200, "text/plain"),
    ],
)
def test_an_address_answers(portal, path, status, kind):
    answer = portal.get(path)
    assert answer.status_code == status
    assert answer["Content-Type"].startswith(kind)


def test_the_links_of_an_answer_lead_somewhere(post, portal, settings):
    answer = post().json()
    status = answer["status_url"].removeprefix(settings.PUBLIC_URL)
    assert portal.get(status).status_code == 200
    run_tasks()
    page = portal.get(status).content.decode()
    assert "/download/" in page


def test_the_document_of_the_api_names_every_address_of_it(portal):
    paths = json.loads(portal.get("/api/v1/schema/?format=json").content)["paths"]
    listed = {"requests/", "requests/{request_id}/", "errors/", "statistics/", ""}
    listed |= {f"requests/{{request_id}}/{what}/" for what in ("cancel", "retry", "package")}
    assert {f"/api/v1/{path}" for path in listed} <= set(paths)
