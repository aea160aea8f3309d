"""The form: what it shows, what it asks the portal for, and where it leads."""

from __future__ import annotations

import json

import pytest
from ckan.tests import factories

from tests.pages.conftest import field, form_of, make_table

pytestmark = [
    pytest.mark.ckan_config("ckan.plugins", "datastore packaging_portal"),
    pytest.mark.usefixtures("with_plugins"),
]


def test_the_page_of_a_table_has_the_button(visitor, portal, table):
    page = visitor().get(f"/dataset/{table['package']}/resource/{table['id']}?filters=country:Peru").text
    assert f"{form_of(table)}?filters=country:Peru" in page
    assert portal.calls == []


def test_showing_the_form_asks_for_nothing(visitor, portal, table):
    page = visitor().get(f"{form_of(table)}?email=ada@example.org&filters=country:Peru&limit=2")
    assert page.status_code == 200
    assert json.loads(field(page, "query")) == {"filters": {"country": ["Peru"]}, "limit": 2}
    assert 'value="ada@example.org"' in page.text
    assert "90 days" in page.text
    assert portal.asked() == []


def test_what_the_form_says_is_asked_for_and_the_page_of_the_request_follows(visitor, portal, table):
    ada = visitor()
    query = json.dumps({"filters": {"country": ["Peru"]}, "sort": "year desc"})
    answer = ada.post(form_of(table), query=query, rows="view", format="xlsx", email="ada@example.org")
    (asked,) = portal.asked()
    assert answer.status_code == 303
    assert asked["filters"] == {"country": ["Peru"]}
    assert (asked["format"], asked["email"], asked["mail_language"]) == ("xlsx", "ada@example.org", "en")
    assert "Waiting in the queue" in ada.get(answer.headers["Location"]).text


def test_all_rows_leave_the_filters_out(visitor, portal, table):
    visitor().post(form_of(table), query='{"filters": {"country": ["Peru"]}}', rows="all", format="csv")
    assert "filters" not in portal.asked()[0]


def test_a_part_that_is_taken_out_brings_the_form_again_with_everything_else(visitor, portal, table):
    query = json.dumps({"filters": {"country": ["Peru"]}, "limit": 2})
    page = visitor().post(form_of(table), query=query, remove="filters.country", format="xlsx", email="a@example.org")
    assert json.loads(field(page, "query")) == {"limit": 2}
    assert 'value="a@example.org"' in page.text
    assert portal.asked() == []


def test_what_the_portal_refuses_is_said_above_the_form(visitor, portal, table):
    portal.refusal = (400, {"detail": "Column colour is unknown", "field": "filters"})
    page = visitor().post(form_of(table), query="{}", format="csv", email="a@example.org")
    assert page.status_code == 400
    assert "Filters: Column colour is unknown" in page.text
    assert 'value="a@example.org"' in page.text


@pytest.mark.parametrize("query", ["[]", "{", '{"resource_id": "other"}', '{"key": "x"}'])
def test_a_query_that_the_form_never_has_is_refused(visitor, portal, table, query):
    assert visitor().post(form_of(table), query=query, format="csv").status_code == 400
    assert portal.asked() == []


@pytest.mark.parametrize("address", ["limit=many", "offset=-1", "table={", "table=[]"])
def test_an_address_that_makes_no_sense_is_400(visitor, portal, table, address):
    assert visitor().get(f"{form_of(table)}?{address}").status_code == 400


def test_private_data_is_not_found_by_those_who_may_not_read_it(visitor, portal):
    private = make_table(private=True)
    assert visitor().get(form_of(private)).status_code == 404
    assert visitor(factories.User()).get(form_of(private)).status_code == 404
    assert visitor().post(form_of(private), query="{}", format="csv").status_code == 404
    assert portal.asked() == []


@pytest.mark.ckan_config("ckanext.packaging_portal.anonymous", False)
def test_where_anonymous_visitors_may_not_ask_they_log_in_first(visitor, portal, table):
    answer = visitor().get(form_of(table))
    assert answer.status_code == 302
    assert "/user/login?came_from=" in answer.headers["Location"]


@pytest.mark.ckan_config("ckanext.packaging_portal.legacy_get", True)
def test_old_links_ask_at_once_where_the_site_wants_it(visitor, portal, table):
    answer = visitor().get(f"{form_of(table)}?email=ada@example.org&destination=/dataset/?q=1")
    assert len(portal.asked()) == 1
    assert answer.headers["Location"].endswith("/dataset/?q=1")


@pytest.mark.ckan_config("ckanext.packaging_portal.legacy_get", True)
@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "/\t/evil.example"],
)
def test_a_destination_outside_the_site_is_not_followed(visitor, portal, table, elsewhere):
    answer = visitor().get(form_of(table), query={"email": "ada@example.org", "destination": elsewhere})
    assert "evil" not in answer.headers["Location"]
    assert answer.headers["Location"].endswith(f"/dataset/{table['package']}/resource/{table['id']}")


def test_nothing_secret_is_in_any_page(visitor, portal, table):
    ada = visitor(factories.UserWithToken() if hasattr(factories, "UserWithToken") else factories.User())
    pages = [ada.get(form_of(table)), ada.post(form_of(table), query="{}", format="csv")]
    pages.append(ada.get(pages[-1].headers["Location"]))
    for page in pages:
        assert "pp_secret" not in page.text + str(page.headers)
