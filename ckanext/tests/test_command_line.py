"""``ckan packaging-portal``."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from ckan import model
from ckan.tests import factories
from click.testing import CliRunner

from ckanext.packaging_portal import checks, cli, hook
from tests.conftest import call, private_table, table, tokens_of


@pytest.fixture
def run(site):
    """Runs a command; returns the exit code and the output."""

    def run(*arguments):
        result = CliRunner().invoke(cli.packaging_portal, arguments)
        return result.exit_code, result.output

    return run


@pytest.fixture
def no_tokens(site):
    """None is left of other tests."""
    model.Session.query(model.ApiToken).delete()
    model.Session.commit()


@pytest.fixture
def heard(monkeypatch):
    """As if the portal had called."""
    monkeypatch.setattr(hook, "has_heard_of", lambda request_id: True)


def test_check_says_line_by_line_what_is_well(site, run, heard, monkeypatch, ckan_config):
    monkeypatch.setitem(ckan_config, "ckanext.packaging_portal.changes", "direct")
    monkeypatch.setitem(ckan_config, "ckanext.packaging_portal.ckan_url", "https://test.ckan.net")
    table()
    code, output = run("check")
    assert code == 0, output
    assert all(line.startswith("ok") for line in output.splitlines()), output
    assert {line.split()[1].rstrip(":") for line in output.splitlines()} == {
        *("settings", "portal", "addresses", "forms", "worker", "key", "reading", "webhook", "changes"),
    }


@pytest.mark.parametrize(
    ("path", "status", "name"),
    [
        ("/api/v1/", 500, "portal"),
        ("/api/v1/changes/", 403, "key"),
        ("/api/v1/requests/", 401, "key"),
        ("/api/v1/estimate/", 424, "reading"),
    ],
)
def test_check_fails_where_something_fails(site, run, heard, path, status, name):
    table()
    site.refuse(path, status, detail="No")
    code, output = run("check", "--json")
    assert code == 1
    assert name in [one["name"] for one in json.loads(output) if one["state"] == "FAIL"]
    assert "pp_of_the_tests" not in output


def test_check_says_what_is_not_set(site, run, monkeypatch, ckan_config):
    monkeypatch.setitem(ckan_config, "ckanext.packaging_portal.api_key", "")
    code, output = run("check")
    assert code == 1
    assert "Set ckanext.packaging_portal.api_key" in output


def test_check_wants_a_background_worker_for_jobs(site, run, heard):
    table()
    code, output = run("check")
    assert code == 1
    assert "ckan jobs worker" in output


def test_check_says_what_replaces_old_settings(site, monkeypatch, ckan_config):
    monkeypatch.setitem(ckan_config, "ckanpackager.secret", "x")
    (old,) = [one for one in checks._settings() if one[0] == "warning"]
    assert "ckanext.packaging_portal.api_key" in old[1]


def test_tidy_revokes_tokens_of_requests_that_are_over_and_keeps_the_others(site, run, no_tokens):
    ada = factories.User()
    resource = private_table(ada)
    over, waiting = (call("packaging_portal_request_create", ada, resource_id=resource["id"]) for _ in range(2))
    site.requests[over["id"]]["status"] = "failed"
    assert run("tidy") == (0, "1 revoked, 1 kept\n")
    assert tokens_of(ada) == [f"packaging-portal {site.requests[waiting['id']]['idempotency_key']}"]


def test_tidy_keeps_a_young_token_nobody_knows_of_and_revokes_an_old_one(site, run, no_tokens):
    ada = factories.User()
    call("packaging_portal_request_create", ada, resource_id=private_table(ada)["id"])
    site.requests.clear()
    assert run("tidy") == (0, "0 revoked, 1 kept\n")
    token = model.Session.query(model.ApiToken).filter_by(user_id=ada["id"]).one()
    token.created_at = datetime.utcnow() - timedelta(hours=1)
    model.Session.commit()
    assert run("tidy") == (0, "1 revoked, 0 kept\n")


def test_changed_tells_the_portal(site, run):
    assert run("changed", table()["id"]) == (0, "2 changed\n")
    assert run("changed", "nonsense")[0] == 1
