"""Asking the portal for packages."""

from __future__ import annotations

import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories

from ckanext.packaging_portal import PortalUnavailable
from tests.conftest import call, private_table, table, tokens_of, upload


def body_of(portal):
    return portal.of("/api/v1/requests/")[-1].body


def test_a_table_is_asked_for_by_the_address_of_its_search(site):
    resource = table()
    made = call(
        "packaging_portal_request_create", resource_id=resource["id"], filters={"a": 1}, limit="2", plain="false"
    )
    body = body_of(site)
    assert body["api_url"] == "http://test.ckan.net/api/3/action/datastore_search"
    assert (body["filters"], body["limit"], body["plain"], body["format"]) == ({"a": 1}, 2, False, "csv")
    assert body["webhook_url"] == "http://test.ckan.net/packaging-portal/hook"
    assert made["status"] == "queued"
    assert made["download_url"] is None


def test_a_file_is_asked_for_by_its_address(site):
    resource = upload(factories.Dataset()["id"], "a file")
    call("packaging_portal_request_create", resource_id=resource["id"])
    expected = f"http://test.ckan.net/dataset/{resource['package_id']}/resource/{resource['id']}/download/f.txt"
    assert body_of(site)["resource_url"] == expected
    assert "format" not in body_of(site)


def test_the_portal_reaches_ckan_where_the_setting_says(site, monkeypatch, ckan_config):
    monkeypatch.setitem(ckan_config, "ckanext.packaging_portal.ckan_url", "http://ckan:5000/")
    call("packaging_portal_request_create", resource_id=table()["id"])
    assert body_of(site)["api_url"] == "http://ckan:5000/api/3/action/datastore_search"


@pytest.mark.parametrize(
    ("given", "read"),
    [("a,b", ["a", "b"]), ('["a", "b"]', ["a", "b"]), (["a"], ["a"])],
)
def test_columns_are_a_list_json_or_names_with_commas(site, given, read):
    call("packaging_portal_request_create", resource_id=table()["id"], fields=given)
    assert body_of(site)["fields"] == read


@pytest.mark.parametrize(("given", "read"), [("word", "word"), ('{"a": "w:*"}', {"a": "w:*"}), ("5", "5")])
def test_a_search_is_text_or_an_object(site, given, read):
    call("packaging_portal_request_create", resource_id=table()["id"], q=given)
    assert body_of(site)["q"] == read


@pytest.mark.parametrize(
    ("field", "value"), [("filters", "["), ("limit", "-1"), ("limit", "x"), ("nonsense", "x"), ("options", "[]")]
)
def test_what_cannot_be_read_is_named(site, field, value):
    with pytest.raises(tk.ValidationError) as error:
        call("packaging_portal_request_create", resource_id=table()["id"], **{field: value})
    assert field in error.value.error_dict
    assert site.of("/api/v1/requests/") == []


def test_a_format_that_is_not_offered_is_refused(site, monkeypatch, ckan_config):
    monkeypatch.setitem(ckan_config, "ckanext.packaging_portal.formats", ["csv"])
    assert [one["name"] for one in call("packaging_portal_capabilities")["formats"]] == ["csv"]
    with pytest.raises(tk.ValidationError) as error:
        call("packaging_portal_request_create", resource_id=table()["id"], format="xlsx")
    assert "format" in error.value.error_dict


def test_a_problem_of_the_portal_names_its_field(site):
    resource = table()
    site.refuse("/api/v1/requests/", 400, detail="Parameter sort is wrong", field="sort")
    with pytest.raises(tk.ValidationError) as error:
        call("packaging_portal_request_create", resource_id=resource["id"], sort="x")
    assert error.value.error_dict == {"sort": ["Parameter sort is wrong"]}


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_what_no_visitor_can_mend_is_that_the_portal_is_unavailable(site, status):
    resource = table()
    site.refuse("/api/v1/requests/", status, detail="pp_ is revoked")
    with pytest.raises(PortalUnavailable) as error:
        call("packaging_portal_request_create", resource_id=resource["id"])
    assert "pp_" not in str(error.value)


def test_a_user_is_known_by_a_keyed_hash_and_keeps_it(site):
    ada, grace, resource = factories.User(), factories.User(), table()
    names = []
    for user in (ada, ada, grace, None):
        call("packaging_portal_request_create", user, resource_id=resource["id"])
        names.append(body_of(site).get("requester"))
    assert names[0] == names[1] != names[2]
    assert names[3] is None
    assert ada["id"] not in names[0]
    assert ada["name"] not in names[0]


def test_a_broken_connection_is_tried_once_more_under_the_same_name(site):
    resource, broken = table(), []

    def hang_up(handler):
        broken.append(handler.headers["Idempotency-Key"])
        if len(broken) > 1:
            del site.answers["/api/v1/requests/"]
        handler.close_connection = True

    site.answers["/api/v1/requests/"] = hang_up
    with pytest.raises(PortalUnavailable):
        call("packaging_portal_request_create", resource_id=resource["id"])
    assert len(broken) == 2
    assert broken[0] == broken[1]


def test_mails_are_in_the_language_of_the_page(site, app):
    resource = table()
    app.post("/de/api/action/packaging_portal_request_create", json={"resource_id": resource["id"], "email": "a@b.org"})
    assert body_of(site).get("mail_language") in ("de", "en")


def test_own_requests_are_listed_and_those_of_everybody_for_sysadmins(site):
    ada, grace, root, resource = factories.User(), factories.User(), factories.Sysadmin(), table()
    for user in (ada, grace, None):
        call("packaging_portal_request_create", user, resource_id=resource["id"])
    assert len(call("packaging_portal_request_list", ada)["results"]) == 1
    assert len(call("packaging_portal_request_list", root, all=True)["results"]) == 3
    with pytest.raises(tk.NotAuthorized):
        call("packaging_portal_request_list", ada, all=True)
    with pytest.raises(tk.NotAuthorized):
        call("packaging_portal_request_list")


def test_a_request_is_shown_to_its_owner_to_sysadmins_and_by_its_signed_link(site):
    ada, grace, root, resource = factories.User(), factories.User(), factories.Sysadmin(), table()
    mine = call("packaging_portal_request_create", ada, resource_id=resource["id"])
    nobodys = call("packaging_portal_request_create", resource_id=resource["id"])
    signature = nobodys["url"].partition("signature=")[2]
    assert "signature" not in mine["url"]
    assert call("packaging_portal_request_show", ada, id=mine["id"])["id"] == mine["id"]
    assert call("packaging_portal_request_show", root, id=mine["id"])["id"] == mine["id"]
    assert call("packaging_portal_request_show", id=nobodys["id"], signature=signature)["id"] == nobodys["id"]
    for user, data in [
        (grace, {"id": mine["id"]}),
        (None, {"id": mine["id"]}),
        (None, {"id": mine["id"], "signature": signature}),
        (grace, {"id": nobodys["id"]}),
        (None, {"id": nobodys["id"], "signature": "é"}),
    ]:
        for action in ("show", "cancel", "retry"):
            with pytest.raises(tk.ObjectNotFound):
                call(f"packaging_portal_request_{action}", user, **data)


def test_what_is_told_of_a_request_names_nobody(site):
    ada = factories.User()
    made = call("packaging_portal_request_create", ada, resource_id=table()["id"], email="ada@example.org")
    assert "ada@example.org" not in str(made)
    assert body_of(site)["requester"] not in str(made)


def test_anonymous_visitors_may_ask_only_if_the_setting_says_so(site, monkeypatch, ckan_config):
    resource, ada = table(), factories.User()
    monkeypatch.setitem(ckan_config, "ckanext.packaging_portal.anonymous", False)
    for action in ("packaging_portal_request_create", "packaging_portal_estimate"):
        with pytest.raises(tk.NotAuthorized):
            call(action, resource_id=resource["id"])
        assert call(action, ada, resource_id=resource["id"])


def test_private_data_are_for_those_who_may_read_them(site):
    ada, grace = factories.User(), factories.User()
    resource = private_table(ada)
    for user in (grace, None):
        for action in ("packaging_portal_request_create", "packaging_portal_estimate"):
            with pytest.raises(tk.NotAuthorized):
                call(action, user, resource_id=resource["id"])
    call("packaging_portal_request_create", ada, resource_id=resource["id"])
    assert body_of(site)["key"]


def test_the_token_for_private_data_is_named_after_the_call_and_made_for_that_only(site):
    ada = factories.User()
    resource = private_table(ada)
    call("packaging_portal_request_create", ada, resource_id=resource["id"])
    name = site.of("/api/v1/requests/")[0].headers["idempotency-key"]
    assert tokens_of(ada) == [f"packaging-portal {name}"]
    call("packaging_portal_request_create", ada, resource_id=table()["id"])
    assert "key" not in body_of(site)
    assert len(tokens_of(ada)) == 1


def test_a_private_link_is_asked_for_without_a_token(site):
    ada = factories.User()
    organization = factories.Organization(users=[{"name": ada["name"], "capacity": "editor"}])
    package = factories.Dataset(owner_org=organization["id"], private=True)
    resource = factories.Resource(package_id=package["id"], url="https://elsewhere.example.org/f.csv", url_type=None)
    call("packaging_portal_request_create", ada, resource_id=resource["id"])
    assert body_of(site)["resource_url"] == "https://elsewhere.example.org/f.csv"
    assert "key" not in body_of(site)


@pytest.mark.parametrize(("status", "error"), [(400, tk.ValidationError), (401, PortalUnavailable)])
def test_no_token_is_left_when_the_portal_refuses(site, status, error):
    ada = factories.User()
    resource = private_table(ada)
    site.refuse("/api/v1/requests/", status, detail="No")
    with pytest.raises(error):
        call("packaging_portal_request_create", ada, resource_id=resource["id"])
    assert tokens_of(ada) == []


def test_no_token_is_left_by_an_estimate(site):
    ada = factories.User()
    resource = private_table(ada)
    assert call("packaging_portal_estimate", ada, resource_id=resource["id"])["rows"] == 3
    assert site.of("/api/v1/estimate/")[0].body["key"]
    assert tokens_of(ada) == []


def test_private_data_are_asked_for_again_with_a_new_token(site):
    ada = factories.User()
    resource = private_table(ada)
    first = call("packaging_portal_request_create", ada, resource_id=resource["id"], limit=2)
    again = call("packaging_portal_request_retry", ada, id=first["id"])
    bodies = [one.body for one in site.of("/api/v1/requests/")]
    assert again["id"] != first["id"]
    assert [body["limit"] for body in bodies] == [2, 2]
    assert bodies[0]["key"] != bodies[1]["key"]


def test_public_data_are_asked_for_again_by_the_same_request(site):
    ada = factories.User()
    first = call("packaging_portal_request_create", ada, resource_id=table()["id"])
    assert call("packaging_portal_request_retry", ada, id=first["id"])["id"] == first["id"]


def test_the_page_of_an_api_call_says_503_when_the_portal_is_away(site, app, monkeypatch, ckan_config):
    resource = table()
    monkeypatch.setitem(ckan_config, "ckanext.packaging_portal.url", "http://127.0.0.1:9")
    answer = app.post("/api/3/action/packaging_portal_request_create", json={"resource_id": resource["id"]})
    assert answer.status_code == 503
    assert answer.json["success"] is False
    assert answer.headers["Retry-After"]
    assert "127.0.0.1:9" not in answer.text
