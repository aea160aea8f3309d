"""Staff read what resources are called, and find them by it; ids are one click away."""

from __future__ import annotations

import csv
import io
import itertools
import re
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from packager.models import Delivery, Package, PackageError, Status
from stats.models import OpeningBalance, ResourceName
from tests.packager.rows import make
from tests.stats.happenings import built, downloaded, failed, served

ID = "1a2b3c4d-0000-4000-8000-000000000000"
UNKNOWN = "9f8e7d6c-0000-4000-8000-000000000000"
TITLES = {"resource_title": "Birds of Peru", "dataset_title": "Specimens", "organization_title": "Example Museum"}
NOW = datetime.now(UTC)
LISTS = ("packagerequest", "packageerror", "package", "delivery")
TABLES = ("requestrecord", "errorrecord", "buildrecord", "downloadrecord", "dailysum", "openingbalance")


@pytest.fixture
def everything(db):
    """A failed, a running and a waiting request for a resource with a name; one with none; and what became of them."""
    ResourceName.objects.create(resource_id=ID, ckan_host="data.example.org", at=NOW, **TITLES)
    times = {"created_at": NOW, "expires_at": NOW}
    common = {"resource_id": ID, "format": "csv", **TITLES}
    package = Package.objects.create(stored_as="a", file_name="birds.csv.zip", size=1, sha256="0", **times, **common)
    place = {**common, "package": package, "api_url": "https://data.example.org/api/3/action/datastore_search"}
    (request,) = make(1, Status.FAILED, error_code="format", error_message="No.", **place)
    for state in (Status.RUNNING, Status.QUEUED):
        make(1, state, fingerprint=state, started_at=NOW, heartbeat_at=NOW, **place)
    make(1, Status.SUCCEEDED, resource_id=UNKNOWN)
    PackageError.objects.create(
        request=request, resource_id=ID, attempt=1, code="format", retryable=False, message="No.", at=NOW
    )
    Delivery.objects.create(request=request, subject="failed", address="x", created_at=NOW, next_attempt_at=NOW)
    for happen in (served, failed, built, downloaded):
        happen(resource_id=ID, at=NOW)
    served(resource_id=UNKNOWN, at=NOW)
    OpeningBalance.objects.create(source="old", resource_id=ID, requests=1)
    return request


def visible(html: str) -> str:
    """What stands on a page, without what takes a click or a pointer: attributes, scripts, what is folded up."""
    html = re.sub(r"<(script|style|details|pre)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.parametrize(
    "page",
    [
        "/admin/",
        "/admin/now/",
        "/admin/packager/packageerror/causes/",
        "/admin/statistics/",
        *(f"/admin/packager/{name}/" for name in LISTS),
        *(f"/admin/stats/{name}/" for name in TABLES),
    ],
)
def test_no_page_shows_an_id_where_a_name_is_known(everything, admin_client, page):
    text = visible(admin_client.get(page).content.decode())
    assert "Birds of Peru" in text
    assert ID not in text
    assert UNKNOWN not in text


@pytest.mark.parametrize("page", ["", "history/"])
def test_the_page_of_a_request_is_called_after_its_resource(everything, admin_client, page):
    html = admin_client.get(f"/admin/packager/packagerequest/{everything.pk}/{page or 'change/'}").content.decode()
    assert "Birds of Peru (csv)" in visible(html)


def test_the_page_of_a_request_tells_dataset_and_organisation_and_ids_on_demand(everything, admin_client):
    html = admin_client.get(f"/admin/packager/packagerequest/{everything.pk}/change/").content.decode()
    assert "Dataset Specimens Published by Example Museum" in visible(html)
    assert ID not in visible(html)
    (ids,) = re.findall(r"<details><summary>IDs.*?</details>", html, re.DOTALL)
    assert f"<dd>{everything.pk}</dd>" in ids
    assert f"<dd>{ID}</dd>" in ids


def test_a_name_that_nobody_knows_is_told_by_the_beginning_of_the_id(everything, admin_client):
    text = visible(admin_client.get("/admin/packager/packagerequest/").content.decode())
    assert "Resource 9f8e7d6c…" in text


SEARCHED = [*(f"packager/{name}" for name in LISTS), *(f"stats/{name}" for name in TABLES)]
#: A delivery has no id but that of its request.
BY_ID = [table for table in SEARCHED if table != "packager/delivery"]


@pytest.mark.parametrize(
    ("table", "term"),
    [*itertools.product(SEARCHED, ["peru", "SPECIMENS"]), *((table, ID) for table in BY_ID)],
)
def test_search_finds_by_title_and_by_id(everything, admin_client, table, term):
    rows = admin_client.get(f"/admin/{table}/", {"q": term}).context["cl"].result_list
    assert rows
    assert all(getattr(row, "resource_id", ID) == ID for row in rows)
    assert not admin_client.get(f"/admin/{table}/", {"q": "no such thing"}).context["cl"].result_list


@pytest.mark.parametrize("table", ["packagerequest", "packageerror"])
def test_the_filter_shows_names_and_filters_by_id(everything, admin_client, table):
    html = admin_client.get(f"/admin/packager/{table}/").content.decode()
    assert re.search(rf"resource={quote(ID)}[^>]*>\s*Birds of Peru\s*<", html)


def test_resources_of_the_same_name_are_told_apart_in_the_filter(everything, admin_client):
    make(1, Status.SUCCEEDED, resource_id=UNKNOWN.replace("9f", "11"), **TITLES)
    html = admin_client.get("/admin/packager/packagerequest/").content.decode()
    assert "Birds of Peru (1a2b3c4d…)" in html
    assert "Birds of Peru (118e7d6c…)" in html


def test_the_statistics_of_a_resource_are_called_after_it(everything, admin_client):
    text = visible(admin_client.get(f"/admin/statistics/resource/{ID}/").content.decode())
    assert "Statistics › Birds of Peru" in text.replace("&rsaquo;", "›")
    assert f"Specimens, published by Example Museum ID {ID}" in text


def test_the_csv_keeps_ids_in_their_column_and_tells_titles_in_others(everything, admin_client):
    rows = list(csv.DictReader(io.StringIO(admin_client.get("/admin/statistics/?export=csv").content.decode())))
    told = {row["resource"]: (row["requests"], row["resource_title"], row["dataset_title"]) for row in rows}
    assert told == {ID: ("1", "Birds of Peru", "Specimens"), UNKNOWN: ("1", "", "")}


def test_a_title_is_no_formula_in_the_csv(everything, admin_client):
    ResourceName.objects.update(resource_title="=1+1")
    assert "'=1+1" in admin_client.get("/admin/statistics/?export=csv").content.decode()


def test_the_way_to_ckan_needs_no_question_where_the_dataset_is_known(everything, admin_client):
    type(everything).objects.filter(resource_id=ID).update(dataset_name="birds-peru")
    answer = admin_client.get(f"/admin/ckan/{ID}/")
    assert answer["Location"] == f"https://data.example.org/dataset/birds-peru/resource/{ID}"
