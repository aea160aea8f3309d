"""What CKAN is sent, and that every row comes, whichever datastore answers."""

from __future__ import annotations

import csv
import io

import pytest

from demo.ckan import DemoCkan
from packager.models import Queue, Status
from packager.streaming.notes import read
from tests.packager.conftest import unpacked

KEY = "eyJ0eXAi.the-key.of-ada"
#: What the form may hold that CKAN must never see.
OURS = {"secret", "email", "api_url", "format", "doi", "key", "eml", "for_gbif"}


def searches(ckan):
    """Every request to ``datastore_search``."""
    return [received for received in ckan.requests if received.path.endswith("/datastore_search")]


def rows(content):
    """The rows of a CSV file, without its header."""
    return list(csv.reader(io.StringIO(content.decode(), newline="")))[1:]


@pytest.fixture(params=["solr", "versioned-datastore"])
def foreign(request):
    """A datastore of another kind, 500 rows in pages of 100 at most."""
    with DemoCkan(rows=500, rows_max=100, profile=request.param) as ckan:
        yield ckan


@pytest.mark.parametrize("version", ["", "/3"])
def test_the_address_may_name_the_version_of_the_api_or_not(members, ckan, version):
    content = members(api_url=f"{ckan.url}/api{version}/action/datastore_search")
    assert content["resource.csv"] == ckan.csv("small")
    assert {received.path for received in searches(ckan)} == {f"/api{version}/action/datastore_search"}


@pytest.mark.parametrize(
    ("field", "value", "sent"),
    [
        ("filters", '{"country": ["Brasil", "España"]}', {"country": ["Brasil", "España"]}),
        ("q", "sweep", "sweep"),
        ("plain", "false", False),
        ("language", "german", "german"),
        ("fields", "_id, country", ["_id", "country"]),
        ("sort", "country desc", "country desc, _id"),  # _id, so that pages do not overlap
    ],
)
def test_a_field_for_ckan_goes_to_ckan(made, ckan, field, value, sent):
    more = {"q": "sweep"} if field in ("plain", "language") else {}
    made(**{field: value, **more})
    assert sent in [received.body[field] for received in searches(ckan) if field in received.body]


def test_limit_and_offset_are_those_rows(members, ckan):
    content = members(offset="30", limit="12", sort="_id")
    assert [row[0] for row in rows(content["resource.csv"])] == [str(n) for n in range(31, 43)]


def test_limit_0_gives_the_header_alone(members):
    assert rows(members(limit="0")["resource.csv"]) == []


def test_an_empty_resource_with_its_total_as_limit_gives_the_header_alone(members, ckan):
    content = members(resource_id=ckan.id("empty"), limit="0")
    assert content["resource.csv"] == ckan.csv("empty")


@pytest.mark.parametrize("path", ["/package_datastore", "/package_dwc_archive"])
def test_nothing_of_ours_goes_to_ckan_and_the_key_goes_in_its_header_alone(made, ckan, settings, path):
    request = made(path, key=KEY, doi="10.5072/x", eml="<eml/>", for_gbif="true", format="csv", email="ada@example.org")
    assert request.status == Status.SUCCEEDED
    assert ckan.requests
    for received in ckan.requests:
        # what a resource is called is asked for as anybody may first: only that may be told to others
        named = received.path.endswith(("resource_show", "package_show"))
        assert received.headers.get("authorization") in ((None, KEY) if named else (KEY,))
        assert not OURS & set(received.parameters)
        elsewhere = f"{received.path} {received.query} {received.raw!r} " + " ".join(
            value for name, value in received.headers.items() if name != "authorization"
        )
        for secret in (KEY, "ada@example.org", settings.PACKAGER_SECRET):
            assert secret not in elsewhere


def test_ckan_is_asked_by_post_with_json(made, ckan):
    made()
    for received in searches(ckan):
        assert received.method == "POST"
        assert received.headers["content-type"].startswith("application/json")


def test_every_row_of_a_foreign_datastore_comes(foreign, members):
    asked = {"api_url": foreign.api_url, "resource_id": foreign.id("specimens")}
    assert members(**asked)["resource.csv"] == foreign.csv("specimens")
    assert members(**asked, format="jsonl")["resource.jsonl"].count(b"\n") == 500


def test_a_foreign_datastore_is_paged_by_its_own_token_and_by_offset_where_one_is_asked_for(foreign, members):
    token = "cursor" if foreign.profile == "solr" else "after"
    whole = rows(members(api_url=foreign.api_url, resource_id=foreign.id("specimens"))["resource.csv"])
    assert any(received.body.get(token) not in (None, "*") for received in searches(foreign))
    foreign.requests.clear()
    part = members(api_url=foreign.api_url, resource_id=foreign.id("specimens"), offset="150", limit="220")
    assert rows(part["resource.csv"]) == whole[150:370]
    paged = [received.body for received in searches(foreign) if received.body.get("offset", 0) >= 150]
    assert len(paged) > 1
    assert not any(token in body for body in paged)


def test_a_first_page_lowered_without_a_word_costs_no_row(members):
    with DemoCkan(rows=23, rows_max=11) as ckan:
        content = members(api_url=ckan.api_url, resource_id=ckan.id("specimens"))
        assert content["resource.csv"] == ckan.csv("specimens")


@pytest.mark.parametrize("kind", ["truncate", "malformed", "cut", "empty", "short"])
def test_an_answer_that_is_not_whole_is_never_called_a_success(made, ckan, kind):
    ckan.faults.add(kind, times=999, after=4)
    request = made()
    assert request.status == Status.FAILED
    assert request.package is None


def test_a_busy_portal_is_asked_again_as_it_wishes(made, ckan):
    ckan.faults.add("status", status=429, retry_after=0.01, after=3)
    assert made().status == Status.SUCCEEDED


def test_what_cannot_be_known_is_said_in_the_package(made, portal):
    with DemoCkan(rows=500, rows_max=100) as ckan:
        ckan.faults.add("append", rows=3, after=6)
        request = made(api_url=ckan.api_url, resource_id=ckan.id("specimens"))
    (note,) = request.package.notes
    assert str(read(note)) in unpacked(portal, request)["README.txt"].decode()


def test_private_data_come_with_the_key_and_not_without(made, ckan):
    assert made(resource_id=ckan.id("private"), key=ckan.token).status == Status.SUCCEEDED
    refused = made(resource_id=ckan.id("private"), email="eve@example.org")
    assert (refused.status, refused.error_code) == (Status.FAILED, "not_permitted")
    assert made(resource_id=ckan.id("private"), key="another", email="eve@example.org").status == Status.FAILED


def test_the_total_of_ckan_as_limit_is_no_wish(made, ckan):
    request = made(resource_id=ckan.id("stale_total"), limit="500")
    assert (request.status, request.package.rows, request.queue) == (Status.SUCCEEDED, 1000, Queue.FAST)


@pytest.mark.parametrize("path", ["/package_datastore", "/package_url"])
def test_a_portal_that_falls_silent_is_not_waited_for_for_ever(made, ckan, settings, path):
    settings.PACKAGER_READ_TIMEOUT = settings.PACKAGER_PAGE_ATTEMPTS = 1
    file = path == "/package_url"
    ckan.faults.add("hang", seconds=60, times=99, **({"path": "/download/"} if file else {"after": 3}))
    request = made(path, resource_url=ckan.download_url("small"))
    assert (request.status, request.error_code) == (Status.FAILED, "source_timeout")
