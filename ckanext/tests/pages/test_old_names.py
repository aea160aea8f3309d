"""What themes and other extensions use of ckanext-ckanpackager goes on working."""

from __future__ import annotations

import json

import ckan.plugins.toolkit as tk
import pytest

from ckanext.packaging_portal.legacy import plugin as legacy
from tests.pages.conftest import form_of

pytestmark = [
    pytest.mark.ckan_config("ckan.plugins", "datastore packaging_portal packaging_portal_legacy"),
    pytest.mark.usefixtures("with_plugins"),
]


class _Extension:
    """An extension that implements the old interface."""

    def before_package_request(self, resource_id, package_id, packager_url, request_params):
        self.seen = (resource_id, package_id, packager_url, dict(request_params))
        return "http://elsewhere.example/", {**request_params, "limit": 7, "secret": "of mine"}


def test_helpers_lead_to_the_form_with_the_filters_of_the_page_and_more(app, portal, table):
    with app.flask_app.test_request_context("/dataset/x?filters=country:Peru", environ_base={"CKAN_LANG": "en"}):
        address = tk.h.url_for_package_resource(table["package"], table["id"], extra_filters={"year": 1901})
        assert address.startswith(form_of(table))
        assert "filters=country:Peru%7Cyear:1901" in address
        assert tk.h.get_format_options(table["id"]) == ["CSV", "XLSX", "DWCA"]
        assert tk.url_for("ckanpackager.get_stats").endswith("/stats/ckanpackager")


def test_the_snippet_shows_the_button_with_the_icon_and_text_it_is_given(app, portal, table):
    resource = tk.get_action("resource_show")({"ignore_auth": True}, {"id": table["id"]})
    package = tk.get_action("package_show")({"ignore_auth": True}, {"id": table["package"]})
    shown = {"res": resource, "pkg": package, "bt_class": "fa fa-owl", "bt_text": "Fetch"}
    with app.flask_app.test_request_context("/", environ_base={"CKAN_LANG": "en"}):
        html = tk.render_snippet("ckanpackager/snippets/package_resource.html", shown)
    assert form_of(table) in html
    assert "fa fa-owl" in html
    assert "Fetch</a>" in html


def test_an_extension_sees_and_changes_what_is_asked_but_no_secret_and_not_where(visitor, portal, table, monkeypatch):
    extension = _Extension()
    monkeypatch.setattr(legacy.p, "PluginImplementations", _only(extension, legacy.p.PluginImplementations))
    visitor().post(form_of(table), query='{"filters": {"country": ["Peru"]}}', format="csv", email="a@example.org")
    resource_id, _, _, params = extension.seen
    assert resource_id == table["id"]
    assert json.loads(params["filters"]) == {"country": ["Peru"]}
    assert "pp_secret" not in str(extension.seen)
    (asked,) = portal.asked()
    assert (asked["limit"], asked["filters"]) == (7, {"country": ["Peru"]})
    assert "secret" not in asked


def _only(extension, implementations):
    """As if the extension were the one plugin that implements the old interface."""
    return lambda interface: [extension] if interface is legacy.ICkanPackager else implementations(interface)


def test_the_interface_can_be_imported_by_its_old_name():
    import ckanext.ckanpackager.interfaces as old

    assert old.ICkanPackager is legacy.ICkanPackager
