"""Every extension point, used by a plugin."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from packager import assembly, events, hookspecs, plugins
from packager.delivery.deliveries import notifier_for
from packager.errors import RequestError, StoreUnavailable
from packager.hookspecs import hook
from packager.lifecycle import requests
from packager.models import Delivery, Status
from packager.storage import stores
from packager.streaming.types import Member, RowsPage
from tests.packager.conftest import unpacked

ROOT = Path(__file__).resolve().parents[2]
POINTS = sorted(name for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.PROJECT}_spec"))


@pytest.fixture
def switched_on():
    """Switches plugins on for one test: functions, called as the extension points that they are for."""
    made = []

    def switch_on(**functions):
        plugin = SimpleNamespace(**{name: hook(function) for name, function in functions.items()})
        plugins.manager.register(plugin)
        made.append(plugin)
        return plugin

    yield switch_on
    for plugin in made:
        plugins.manager.unregister(plugin)


def test_a_format_can_be_added_and_replaced(switched_on):
    mine = SimpleNamespace(name="csv", label="mine")
    switched_on(formats=lambda: [mine, SimpleNamespace(name="dbf", label="dBase")])
    assert plugins.formats().get("csv") is mine
    assert "dbf" in plugins.formats().names()


def test_what_was_made_with_other_plugins_is_not_handed_out(switched_on, submission, monkeypatch):
    plain = submission().fingerprint
    listener = switched_on(on_event=lambda event: None)
    assert submission().fingerprint == plain
    plugin = switched_on(row_transform=lambda submission, fields: lambda page: page)
    changed = submission().fingerprint
    assert changed != plain
    name = plugins.manager.get_name(plugin)
    monkeypatch.setitem(plugins.releases, name, "2.0")
    monkeypatch.setitem(plugins.releases, plugins.manager.get_name(listener), "2.0")
    assert submission().fingerprint not in (plain, changed)


def test_a_table_can_come_from_elsewhere(switched_on, portal, submission):
    mine = object()
    switched_on(table_source=lambda submission, key: mine if submission.resource_id == "mine" else None)
    assert assembly.table_source(submission(resource_id="mine")) is mine
    assert assembly.table_source(submission()) is not mine


def test_people_can_be_told_in_other_ways(switched_on, built):
    sent = []
    mine = SimpleNamespace(channel="email", send=lambda delivery: sent.append(delivery.address))
    switched_on(notifiers=lambda: [mine])
    built()
    assert sent == ["ada@example.org"]
    assert Delivery.objects.get().state == Delivery.State.SENT
    assert notifier_for("email") is mine


def test_a_file_can_come_from_elsewhere(switched_on, portal, submission):
    mine = object()
    switched_on(file_source=lambda submission: mine if submission.resource_id == "mine" else None)
    assert assembly.file_source(submission(resource_id="mine")) is mine
    assert assembly.file_source(submission()) is not mine


def test_packages_can_be_kept_elsewhere(switched_on, settings):
    mine = object()
    settings.PACKAGER_STORE_URL = "shelf://upstairs"
    switched_on(store=lambda url: mine if url == "shelf://upstairs" else None)
    assert stores.default() is mine
    settings.PACKAGER_STORE_URL = "shelf://downstairs"
    with pytest.raises(StoreUnavailable, match="no store for shelf"):
        stores.default()


def _refuse_example_org(submission):
    if submission.email.endswith("@example.org"):
        raise RequestError("Not for you", field="email")


@pytest.mark.parametrize(
    "plugin", [{"validate_submission": _refuse_example_org}, {"look_at_submission": _refuse_example_org}]
)
def test_a_request_can_be_turned_down(switched_on, portal, submission, plugin):
    switched_on(**plugin)
    with pytest.raises(RequestError, match="Not for you"):
        requests.submit(submission())
    assert requests.submit(submission(email="grace@example.com")).status == Status.QUEUED


def test_rows_can_be_changed_on_their_way(switched_on, built, portal):
    def shout(page):
        return RowsPage([[value.upper() if isinstance(value, str) else value for value in row] for row in page.rows])

    switched_on(row_transform=lambda submission, fields: shout)
    inside = unpacked(portal, built())["resource.csv"].decode()
    rows = inside.partition("\n")[2]
    assert "BOMBUS" in rows.upper()
    assert "Bombus" not in rows


def test_members_can_be_added_to_the_archive(switched_on, built, portal):
    def add(submission, summary):
        yield Member("ROWS.txt", [str(summary.rows).encode()])

    switched_on(extra_members=add)
    assert unpacked(portal, built())["ROWS.txt"] == b"1000"


def test_events_are_heard_by_all_even_if_one_fails(switched_on, built):
    heard = []

    def fail(event):
        raise RuntimeError

    switched_on(on_event=fail)
    switched_on(on_event=lambda event: heard.append(type(event)))
    assert built().status == Status.SUCCEEDED
    assert {events.RequestAccepted, events.PackageBuilt, events.RequestServed} <= set(heard)


def test_api_capabilities_can_be_added(switched_on, client, db):
    switched_on(api_capabilities=lambda: {"telepathy": True})
    assert client.get("/api/v1/").json()["capabilities"]["plugins"]["telepathy"] is True


PLUGIN = """
from django.http import HttpResponse
from django.urls import path
from packager.hookspecs import hook

@hook
def url_patterns():
    return [path("hello", lambda request: HttpResponse("hello"))]

@hook
def django_apps():
    return ["django.contrib.sites"]

@hook
def default_settings():
    return {"SITE_ID": 7, "DEBUG": True}
"""


def test_an_installed_plugin_brings_urls_applications_and_settings(tmp_path):
    (tmp_path / "hello_plugin.py").write_text(PLUGIN)
    info = tmp_path / "hello-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hello\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[packaging_portal]\nhello = hello_plugin\n")
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{tmp_path}:{ROOT}",
        "SECRET_KEY": "x" * 60,
        "PLUGINS": "hello",
        "DATABASE_URL": f"sqlite:///{tmp_path}/portal.sqlite3",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }
    code = (
        "import django; django.setup();"
        "from django.conf import settings; from django.test import Client;"
        "print(Client().get('/plugins/hello', headers={'host': 'localhost'}).content, settings.SITE_ID,"
        "settings.DEBUG, 'django.contrib.sites' in settings.INSTALLED_APPS)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip().endswith("b'hello' 7 False True"), done.stderr


@pytest.mark.parametrize("point", POINTS)
def test_every_extension_point_is_documented_and_tested(point):
    assert f"`{point}`" in (ROOT / "docs" / "plugins.md").read_text()
    tests = Path(__file__).read_text()
    assert f"{point}=" in tests or f'"{point}":' in tests or f"def {point}" in PLUGIN
