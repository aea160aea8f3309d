"""CKAN waits for the portal no longer than the settings say, whatever the portal does."""

from __future__ import annotations

import threading

import pytest
from ckan.tests import factories

from ckanext.packaging_portal import PortalUnavailable, client, settings
from tests.conftest import call, table


@pytest.fixture
def limit(monkeypatch, ckan_config):
    """One second."""
    monkeypatch.setitem(ckan_config, "ckanext.packaging_portal.timeout", 1)


@pytest.fixture
def held(site):
    """Holds on to calls until the test is over."""
    over = threading.Event()
    yield over
    over.set()


def hang(over):
    return lambda handler: over.wait(60)


def drip(over):
    def answer(handler):
        handler.send_response(200)
        handler.end_headers()
        while not over.wait(0.05):
            handler.wfile.write(b" ")
            handler.wfile.flush()

    return answer


@pytest.mark.parametrize("behaviour", [hang, drip])
def test_a_portal_that_hangs_or_drips_is_given_up(site, held, limit, behaviour):
    resource = table()
    site.answers["/api/v1/requests/"] = behaviour(held)
    with pytest.raises(PortalUnavailable):
        call("packaging_portal_request_create", factories.User(), resource_id=resource["id"])
    assert not held.is_set()


def test_calls_of_one_page_share_the_limit(site, held, limit, with_request_context):
    site.answers["/api/v1/"] = hang(held)
    with pytest.raises(PortalUnavailable):
        client.call("GET", "/api/v1/")
    before = len(site.calls)
    with pytest.raises(PortalUnavailable):
        client.call("GET", "/api/v1/requests/")
    assert len(site.calls) == before


def test_an_answer_that_is_no_json_and_a_redirect_are_no_answers(site):
    def redirect(handler):
        handler.send_response(302)
        handler.send_header("Location", f"{site.url}/api/v1/")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def page(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "6")
        handler.end_headers()
        handler.wfile.write(b"<html>")

    for answer in (redirect, page):
        site.answers["/api/v1/"] = answer
        with pytest.raises(PortalUnavailable):
            client.call("GET", "/api/v1/")


def test_secrets_may_stand_in_files(site, monkeypatch, ckan_config, tmp_path):
    monkeypatch.setitem(ckan_config, "ckanext.packaging_portal.api_key", "")
    assert settings.missing() == ["api_key"]
    monkeypatch.setitem(ckan_config, "ckanext.packaging_portal.api_key_file", str(tmp_path / "key"))
    assert settings.missing() == ["api_key"]
    (tmp_path / "key").write_text("pp_in_a_file\n")
    client.call("GET", "/api/v1/")
    assert site.calls[-1].headers["authorization"] == "Bearer pp_in_a_file"
