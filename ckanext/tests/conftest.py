"""CKAN with the extension, and a portal that answers as a test wants."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckan import model
from ckan.lib.redis import connect_to_redis
from ckan.tests import factories
from werkzeug.datastructures import FileStorage

from ckanext.packaging_portal import capabilities
from tests.fake_portal import FakePortal, serving


@pytest.fixture
def portal(ckan_config: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePortal]:
    """The portal of the settings."""
    with serving() as running:
        monkeypatch.setitem(ckan_config, "ckanext.packaging_portal.url", running.url)
        capabilities._known.clear()
        yield running


@pytest.fixture
def redis(ckan_config: Any) -> Iterator[Any]:
    """An empty Redis of the tests."""
    connection = connect_to_redis()
    connection.flushdb()
    yield connection
    connection.flushdb()


@pytest.fixture(autouse=True)
def storage(ckan_config: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Where uploaded files go."""
    monkeypatch.setitem(ckan_config, "ckan.storage_path", str(tmp_path))


@pytest.fixture
def site(non_clean_db: Any, with_plugins: Any, redis: Any, portal: FakePortal) -> FakePortal:
    """A site with the extension and a portal."""
    return portal


def table(package: dict[str, Any] | None = None, rows: int = 3, text: str = "mine", **more: Any) -> dict[str, Any]:
    """A resource with a table of ``rows`` rows."""
    package = package or factories.Dataset(**more)
    made = tk.get_action("datastore_create")(
        {"ignore_auth": True},
        {
            "resource": {"package_id": package["id"], "name": "table"},
            "fields": [{"id": "a", "type": "int"}, {"id": "b", "type": "text"}],
            "records": [{"a": number, "b": text} for number in range(rows)],
            "primary_key": ["a"],
        },
    )
    return dict(tk.get_action("resource_show")({"ignore_auth": True}, {"id": made["resource_id"]}))


def private_table(owner: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A table in a private dataset of an organization whose member ``owner`` is."""
    organization = factories.Organization(users=[{"name": owner["name"], "capacity": "editor"}])
    return table(owner_org=organization["id"], private=True, **more)


def upload(package_id: str, text: str) -> dict[str, Any]:
    """A resource with an uploaded file ``f.txt``."""
    file = FileStorage(BytesIO(text.encode()), "f.txt")
    data = {"package_id": package_id, "name": "file", "url": "f.txt", "upload": file}
    return dict(tk.get_action("resource_create")({"ignore_auth": True, "user": ""}, data))


def call(action: str, user: dict[str, Any] | None = None, **data: Any) -> Any:
    """An action, called by a user or an anonymous visitor, with authorization."""
    name = user["name"] if user else ""
    context = {"user": name, "auth_user_obj": model.User.get(name) if name else None, "ignore_auth": False}
    return tk.get_action(action)(context, data)


def tokens_of(user: dict[str, Any]) -> list[str]:
    """The names of a user's tokens that were made for requests."""
    found = model.Session.query(model.ApiToken).filter_by(user_id=user["id"])
    return [token.name for token in found if token.name.startswith("packaging-portal")]
