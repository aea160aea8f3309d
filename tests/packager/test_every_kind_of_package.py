"""Every endpoint and every format, from the form to the package."""

from __future__ import annotations

import pytest

from packager import plugins
from packager.intake import acceptance
from packager.models import PackageRequest, Status
from tests.packager.conftest import run_tasks, unpacked

METADATA = {"README.txt", "data_dictionary.csv", "datapackage.json"}


def _packaged(answer, portal):
    assert answer.status_code == 200, answer.content
    run_tasks()
    request = PackageRequest.objects.get(pk=answer.json()["request_id"])
    assert request.status == Status.SUCCEEDED, request.error_message
    return unpacked(portal, request)


@pytest.mark.parametrize("name", [name for name in plugins.formats().names() if name != "dwca"])
def test_a_table_in_every_format(post, portal, name):
    members = _packaged(post(format=name), portal)
    assert next(iter(members)) == f"resource.{name}"
    assert set(members) >= METADATA


def test_metadata_can_be_left_out(post, portal, settings):
    settings.PACKAGER_METADATA = False
    assert list(_packaged(post(), portal)) == ["resource.csv"]


def test_a_file_comes_under_its_own_name(post, portal, ckan):
    answer = post("/package_url", resource_url=ckan.download_url("small"), api_url=None)
    members = _packaged(answer, portal)
    assert "specimens.csv" in members or any(name.endswith(".csv") for name in members)
    first = next(iter(members))
    assert members[first].count(b"\n") > 1000


def test_a_darwin_core_archive(post, portal):
    eml = "<eml><id>{package_id}</id><date>{pub_date}</date></eml>"
    members = _packaged(post("/package_dwc_archive", eml=eml, for_gbif="true"), portal)
    assert next(iter(members)) == "occurrence.csv"
    assert {"meta.xml", "eml.xml", "gbif.json"} <= set(members)
    assert members["eml.xml"].startswith(b"<eml><id>")


def test_a_darwin_core_archive_tells_people_and_machines_what_it_is(post, portal):
    members = _packaged(post("/package_dwc_archive"), portal)
    beside = ["meta.xml", "eml.xml", "README.txt", "LICENSE.txt", "CITATION.txt"]
    assert list(members)[-5:] == beside
    assert b'metadata="eml.xml"' in members["meta.xml"]
    assert members["CITATION.txt"].split(b".")[0] in members["eml.xml"]


def test_a_darwin_core_archive_without_metadata_is_only_that(post, portal, settings):
    settings.PACKAGER_METADATA = False
    members = _packaged(post("/package_dwc_archive"), portal)
    assert list(members)[-1] == "meta.xml"
    assert b"eml.xml" not in members["meta.xml"]


def test_a_darwin_core_archive_with_tabs(post, portal):
    members = _packaged(post("/package_dwc_archive", format="tsv"), portal)
    assert next(iter(members)) == "occurrence.tsv"


def test_an_unknown_dialect_of_darwin_core_is_400(post):
    answer = post("/package_dwc_archive", format="xlsx")
    assert answer.status_code == 400
    assert "format" in answer.json()["message"]


@pytest.mark.parametrize("name", ["dialect", "flavour"])
def test_the_dialect_of_darwin_core_goes_by_its_former_name_too(built, name):
    request = built(format="dwca", options={name: "tsv"})
    assert request.status == Status.SUCCEEDED
    assert request.options["dialect"] == "tsv"
    assert next(member for member, _ in request.package.members) == "occurrence.tsv"


def test_where_both_names_come_the_new_one_counts(portal, submission):
    checked = acceptance.check(submission(format="dwca", options={"dialect": "tsv", "flavour": "csv"}))
    assert (checked.options["dialect"], "flavour" in checked.options) == ("tsv", False)


def test_neither_address_nor_secret_nor_key_is_in_any_member(post, portal, settings):
    members = _packaged(post(key="eyJsome.secret.key"), portal)
    for content in members.values():
        for word in (b"ada@example.org", settings.PACKAGER_SECRET.encode(), b"eyJsome"):
            assert word not in content
