"""The OpenAPI document and the page on which people read it."""

from __future__ import annotations

import html
import re
import tomllib
from pathlib import Path

import pytest
from django.core.management import call_command

from packager import VERSION

ROOT = Path(__file__).resolve().parents[2]


def test_the_document_is_valid_and_made_without_a_warning(tmp_path):
    target = tmp_path / "schema.yaml"
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(target))
    assert "openapi: 3.1.0" in target.read_text()


@pytest.fixture
def document(portal):
    return portal.get("/api/v1/schema/?format=json").json()


def test_the_ckanpackager_endpoints_stay_out_of_it(document):
    assert all(path.startswith("/api/v1/") for path in document["paths"])
    assert "/api/v1/statistics/" in document["paths"]


def test_every_call_with_a_key_documents_its_problems(document):
    for path, methods in document["paths"].items():
        for operation in methods.values():
            if operation.get("security"):
                assert {"401", "403", "429"} <= set(operation["responses"]), path


def test_the_key_is_a_bearer_token(document):
    assert document["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"


def test_the_page_is_served_by_us_alone(portal):
    page = portal.get("/api/v1/docs/")
    assert "//" not in page.content.decode().replace("http://www.w3.org", "").replace("http://testserver", "")
    policy = page["Content-Security-Policy"]
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "script-src" not in policy
    assert "default-src 'self'" in policy
    scripts = re.findall(r'<script src="([^"]+)"', page.content.decode())
    assert len(scripts) == 3
    assert all("javascript" in portal.get(html.unescape(script))["Content-Type"] for script in scripts)


def test_only_this_page_may_hold_inline_styles(portal):
    assert "unsafe" not in portal.get("/api/v1/")["Content-Security-Policy"]
    assert "unsafe" not in portal.get("/")["Content-Security-Policy"]


def test_the_version_is_that_of_the_project(portal, document):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION == document["info"]["version"] == portal.get("/api/v1/").json()["version"]


def test_the_root_tells_formats_with_options_and_limits(portal, settings):
    settings.PACKAGER_KEEP_ADDRESSES_DAYS = 90
    told = portal.get("/api/v1/").json()
    can = told["capabilities"]
    formats = {entry["name"]: entry["options"] for entry in can["formats"]}
    assert {"csv", "tsv", "xlsx", "jsonl", "dwca"} <= set(formats)
    assert set(formats["csv"]) == {"delimiter", "bom", "excel_safe", "metadata"}
    assert can["limits"]["kept_days"] == settings.PACKAGER_EXPIRY_DAYS
    assert can["limits"]["addresses_kept_days"] == 90
    for address in told["links"].values():
        assert portal.get(address.removeprefix("http://portal.test")).status_code in (200, 401, 405)


def test_the_options_told_are_those_that_the_formats_take(portal):
    from packager import assembly
    from packager.submission import Submission

    samples = {"delimiter": ";", "dialect": "tsv", "eml": "<eml/>"}
    for entry in portal.get("/api/v1/").json()["capabilities"]["formats"]:
        options = {name: samples.get(name, True) for name in entry["options"]}
        assert set(assembly.check_options(Submission("datastore", "x", entry["name"], options=options))) >= set(options)
