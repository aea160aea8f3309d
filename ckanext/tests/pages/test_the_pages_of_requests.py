"""Who sees a request and what may be done on its page; what happens without a token, and while the portal is away."""

from __future__ import annotations

import pytest
from ckan.tests import factories

from tests.pages.conftest import form_of

pytestmark = [
    pytest.mark.ckan_config("ckan.plugins", "datastore packaging_portal packaging_portal_legacy"),
    pytest.mark.usefixtures("with_plugins"),
]
REQUESTS = "/packaging-portal/requests"


def ask(somebody, table) -> str:
    """The path of the page of a new request."""
    return somebody.post(form_of(table), query="{}", format="csv").headers["Location"]


def test_a_request_is_seen_by_its_owner_and_by_sysadmins_and_nobody_else_learns_of_it(visitor, portal, table):
    ada = visitor(factories.User())
    page = ask(ada, table)
    assert "signature" not in page
    assert ada.get(page).status_code == 200
    assert visitor(factories.Sysadmin()).get(page).status_code == 200
    assert visitor(factories.User()).get(page).status_code == 404
    assert visitor().get(page).status_code == 404
    assert visitor().get(f"{REQUESTS}/00000000-0000-4000-8000-000000000000").status_code == 404


def test_a_signed_link_shows_the_request_of_somebody_anonymous(visitor, portal, table):
    page = ask(visitor(), table)
    assert visitor().get(page).status_code == 200
    assert visitor().get(page.partition("?")[0]).status_code == 404
    assert visitor().get(page[:-1] + ("A" if page[-1] != "A" else "B")).status_code == 404


def test_a_page_renews_itself_as_long_as_the_request_is_under_way(visitor, portal, table):
    page = ask(visitor(), table)
    shown = visitor().get(page)
    assert '<noscript><meta http-equiv="refresh"' in shown.text
    assert int(shown.headers["Retry-After"]) > 0
    assert "no-store" in shown.headers["Cache-Control"]
    next(iter(portal.requests.values()))["status"] = "expired"
    over = visitor().get(page)
    assert "http-equiv" not in over.text
    assert "Retry-After" not in over.headers


def test_a_request_can_be_cancelled_by_who_has_its_link(visitor, portal, table):
    page = ask(visitor(), table)
    path, _, signature = page.partition("?signature=")
    assert visitor().post(f"{path}/cancel").status_code == 404
    assert visitor().post(f"{path}/cancel", signature=signature).status_code == 303
    assert next(iter(portal.requests.values()))["status"] == "cancelled"


@pytest.mark.parametrize("action", ["package", "cancel", "retry"])
@pytest.mark.parametrize("token", ["", "made-up"])
def test_no_form_is_taken_without_the_token_of_its_session(visitor, portal, table, action, token):
    somebody = visitor()
    page, _, signature = ask(somebody, table).partition("?signature=")
    path = form_of(table) if action == "package" else f"{page}/{action}"
    # in 2.12.0 calls like these turn CKAN's own check of the view off, for everybody
    by_token = {"Authorization": factories.APIToken(user=factories.User()["id"])["token"]}
    for send in (visitor().client.get, visitor().client.post):
        send(path, headers=by_token)
        send(path)
    before = len(portal.calls)
    assert somebody.post(path, token=token, signature=signature, query="{}").status_code == 400
    other = visitor().token()
    assert somebody.post(path, token=other, signature=signature, query="{}").status_code == 400
    assert len(portal.calls) == before


def test_my_packages_are_for_those_who_are_logged_in(visitor, portal):
    assert visitor().get(REQUESTS).status_code == 403


def test_the_tab_of_the_administration_is_for_sysadmins(visitor, portal):
    assert visitor().get("/ckan-admin/packaging-portal").status_code == 403
    assert visitor(factories.User()).get("/ckan-admin/packaging-portal").status_code == 403


@pytest.mark.ckan_config("ckanext.packaging_portal.timeout", 1)
def test_while_the_portal_is_away_its_pages_say_so_and_the_others_go_on(visitor, portal, table, ckan_config):
    ckan_config["ckanext.packaging_portal.url"] = "http://127.0.0.1:9"
    somebody = visitor(factories.Sysadmin())
    for path in (form_of(table), REQUESTS, f"{REQUESTS}/00000000-0000-4000-8000-000000000000"):
        answer = somebody.get(path)
        assert answer.status_code == 503
        assert "not available at the moment" in answer.text
        assert answer.headers["Retry-After"] == "60"
    assert somebody.get(f"/dataset/{table['package']}/resource/{table['id']}").status_code == 200
    assert somebody.get("/ckan-admin/packaging-portal").status_code == 200


def test_old_names_lead_to_the_form_and_statistics_hide_addresses(visitor, portal, table):
    told = visitor().get("/stats/ckanpackager").json
    assert (told["success"], told["requests"]) == (True, [])
    everything = visitor(factories.Sysadmin()).get("/stats/ckanpackager").json["requests"]
    assert everything == [{"email": "a@example.org", "resource_id": "r", "timestamp": 1, "count": 2, "domain": "e"}]
    assert visitor().get("/stats/ckanpackager?email=a@example.org").status_code == 400


@pytest.mark.ckan_config("ckan.plugins", "activity datastore packaging_portal packaging_portal_legacy")
def test_the_account_menu_leads_to_my_packages_beside_a_plugin_that_changes_it(visitor, portal):
    assert f'href="{REQUESTS}"' in visitor(factories.User()).get("/about").text
    assert f'href="{REQUESTS}"' not in visitor().get("/about").text
