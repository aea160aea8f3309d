"""A token for one resource reads that resource and nothing else, whatever it is sent along with."""

from __future__ import annotations

import json
import time

import ckan.plugins.toolkit as tk
import jwt
import pytest
from ckan import model
from ckan.tests import factories

from ckanext.packaging_portal import tokens
from tests.conftest import private_table, table, tokens_of, upload

ACTION = "/api/3/action/"


@pytest.fixture
def reader(site):
    """A sysadmin, who may read everything, so that nothing but the token stands in the way."""
    return factories.Sysadmin()


@pytest.fixture
def resource(reader):
    """What the token is for."""
    return private_table(reader)


@pytest.fixture
def other(reader):
    """What it is not for."""
    return private_table(reader, text="others")


@pytest.fixture
def ask(app, reader, resource):
    """Calls with the token; returns the status and the body."""
    token = tokens.create(model.User.get(reader["name"]), resource["id"], reader["id"])

    def ask(path, method="GET", **what):
        headers = {"Authorization": token, **what.pop("headers", {})}
        answer = app.test_client().open(path, method=method, headers=headers, base_url="http://test.ckan.net", **what)
        return answer.status_code, answer.get_data(as_text=True)

    ask.token = token
    return ask


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("datastore_search", {"resource_id": "mine"}),
        ("datastore_info", {"id": "mine"}),
        ("datastore_info", {"resource_id": "mine"}),
        ("resource_show", {"id": "mine"}),
        ("package_show", {"id": "my dataset"}),
        ("package_show", {"id": "my dataset's name"}),
    ],
)
def test_its_resource_is_read(ask, resource, action, data):
    known = {"mine": resource["id"], "my dataset": resource["package_id"]}
    known["my dataset's name"] = model.Package.get(resource["package_id"]).name
    status, _ = ask(ACTION + action, "POST", json={name: known[value] for name, value in data.items()})
    assert status == 200


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("datastore_search", {"resource_id": "other"}),
        ("datastore_search", {"id": "other"}),
        ("datastore_search", {"resource_id": "mine", "id": "other"}),
        ("datastore_search", {"resource_id": "other", "id": "mine"}),
        ("datastore_search", {"resource_id": ["mine", "other"]}),
        ("datastore_info", {"id": "mine", "resource_id": "other"}),
        ("datastore_info", {"id": "other", "resource_id": "mine"}),
        ("resource_show", {"id": "other"}),
        ("package_show", {"id": "other dataset"}),
        ("package_show", {"id": "my dataset", "name_or_id": "other dataset"}),
        ("package_show", {"id": "other dataset", "name_or_id": "my dataset"}),
        ("datastore_upsert", {"resource_id": "mine", "force": True, "records": []}),
        ("package_patch", {"id": "my dataset", "title": "Mine"}),
        ("api_token_list", {"user_id": "me"}),
        ("api_token_create", {"user": "me", "name": "another"}),
        ("packaging_portal_request_create", {"resource_id": "mine"}),
    ],
)
def test_nothing_else_is_read_or_written(ask, reader, resource, other, action, data):
    known = {"mine": resource["id"], "my dataset": resource["package_id"], "me": reader["name"]}
    known |= {"other": other["id"], "other dataset": other["package_id"]}

    def named(value):
        return [named(one) for one in value] if isinstance(value, list) else known.get(value, value)

    status, body = ask(ACTION + action, "POST", json={name: named(value) for name, value in data.items()})
    assert status in (403, 404, 409)
    assert "others" not in body


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_the_kind_of_the_body_does_not_matter(ask, resource, other, kind):
    data = json.dumps({"resource_id": other["id"]})
    for query in ("", f"?resource_id={resource['id']}"):
        _, body = ask(f"{ACTION}datastore_search{query}", "POST", data=data, headers={"Content-Type": kind})
        assert "others" not in body


def test_of_an_address_and_a_body_that_differ_only_its_resource_is_read(ask, resource, other):
    for first, second in ((resource, other), (other, resource)):
        _, body = ask(f"{ACTION}datastore_search?resource_id={first['id']}", "POST", json={"resource_id": second["id"]})
        assert "others" not in body
        _, body = ask(f"{ACTION}datastore_search?resource_id={first['id']}&resource_id={second['id']}")
        assert "others" not in body


def test_an_alias_of_another_table_is_refused(ask, other):
    alias = f"of_{other['id'][:8]}"
    tk.get_action("datastore_create")(
        {"ignore_auth": True}, {"resource_id": other["id"], "aliases": [alias], "force": True}
    )
    assert ask(f"{ACTION}datastore_search?resource_id={alias}")[0] == 403


def test_pages_and_dumps_know_nobody_by_it(ask, resource):
    address = f"/dataset/{resource['package_id']}/resource/{resource['id']}"
    for path in (f"/datastore/dump/{resource['id']}", address, f"/dataset/{resource['package_id']}"):
        assert ask(path)[0] in (403, 404)


def test_a_file_is_downloaded_by_its_own_token_only(ask, app, reader, resource, other):
    file = upload(resource["package_id"], "the file")
    address = f"/dataset/{file['package_id']}/resource/{file['id']}/download/f.txt"
    own = tokens.create(model.User.get(reader["name"]), file["id"], "file")
    assert ask(address)[0] in (403, 404)
    assert ask(address, headers={"Authorization": own}) == (200, "the file")
    assert ask(address.replace(file["package_id"], other["package_id"]), headers={"Authorization": own})[0] in (
        403,
        404,
    )
    assert ask(ACTION + "datastore_search?resource_id=" + resource["id"], headers={"Authorization": own})[0] == 403


def test_it_ends_with_its_life_and_when_it_is_revoked(ask, reader, resource, monkeypatch, ckan_config):
    monkeypatch.setitem(ckan_config, "ckanext.packaging_portal.token_lifetime", 60)
    claims = jwt.decode(ask.token, options={"verify_signature": False})
    assert claims["exp"] - time.time() <= 86400
    monkeypatch.setitem(ckan_config, "ckanext.packaging_portal.token_lifetime", -1)
    expired = tokens.create(model.User.get(reader["name"]), resource["id"], "expired")
    path = f"{ACTION}datastore_search?resource_id={resource['id']}"
    assert ask(path, headers={"Authorization": expired})[0] == 403
    assert ask(path)[0] == 200
    assert tokens.revoke(reader["id"]) == 1
    assert ask(path)[0] == 403


def test_other_tokens_are_what_they_were(app, reader, resource, other):
    token = tk.get_action("api_token_create")({"ignore_auth": True}, {"user": reader["name"], "name": "plain"})["token"]
    for one in (resource, other):
        path = f"{ACTION}datastore_search?resource_id={one['id']}"
        assert app.get(path, headers={"Authorization": token}).status_code == 200
    assert tokens_of(reader) == []


@pytest.mark.parametrize("plugins", ["packaging_portal expire_api_token", "expire_api_token packaging_portal"])
def test_it_is_made_beside_the_plugin_that_lets_tokens_expire_in_either_order(
    plugins, monkeypatch, ckan_config, request
):
    monkeypatch.setitem(ckan_config, "ckan.plugins", f"datastore {plugins}")
    request.getfixturevalue("site")
    user = factories.User()
    token = tokens.create(model.User.get(user["name"]), table()["id"], "beside")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims[tokens.CLAIM]
    assert claims["exp"] - time.time() == pytest.approx(86400, abs=60)
