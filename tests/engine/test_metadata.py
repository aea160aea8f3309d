import csv
import io
import json
from datetime import datetime, timedelta, timezone

import pytest

from packager.streaming.facts import Origin, doi_url, facts_of, public_url, without_addresses
from packager.streaming.metadata import metadata_members, query_json
from packager.streaming.notes import as_note
from packager.streaming.pipeline import Summary
from packager.streaming.types import Field, Query

MADE = datetime(2026, 3, 4, 1, 30, tzinfo=timezone(timedelta(hours=2)))
QUERY = Query("r-1", filters={"country": ["France", "Spain"], "year": 1901}, q="owl", sort="year desc", limit=1000)
LINES = ("Filters: country: France or Spain",)
FIELDS = (
    Field("_id", "int4"),
    Field("name, full", "text", {"label": "Name", "notes": 'The "whole" name', "type_override": ""}),
    Field("mass", "numeric"),
    Field("seen", "timestamp"),
    Field("ok", "bool"),
)
SUMMARY = Summary(1234, (("resource.csv", 5_678_901),), FIELDS, (as_note("The count could not be checked."),))
DESCRIPTION = {
    "resource": {"name": "Owls", "description": "Ask curator@museum.example.org about it.", "url": "http://10.0.0.7/x"},
    "dataset": {
        "name": "birds",
        "title": "Birds of the world",
        "author": "Jane Doe <jane@museum.example.org>",
        "author_email": "jane@museum.example.org",
        "maintainer": "Max",
        "maintainer_email": "max@museum.example.org",
        "license_id": "cc-by",
        "license_title": "Creative Commons Attribution",
        "license_url": "http://www.opendefinition.org/licenses/cc-by",
        "metadata_created": "2019-05-06T07:08:09.000",
        "organization": {"title": "The Museum", "name": "museum"},
        "version": "2",
        "doi": "10.5519/abc",
        "extras": [{"key": "api_key", "value": "hunter2"}],
    },
}


def origin(**changes):
    usual = {"ckan_url": "https://data.example.org", "resource_id": "r-1", "made": MADE}
    return Origin(**{**usual, "query": QUERY, "query_lines": LINES, **changes})


def members(description=DESCRIPTION, summary=SUMMARY, options=None, **changes):
    return {
        member.name: b"".join(member.chunks).decode()
        for member in metadata_members(facts_of(description, origin(**changes)), origin(**changes), summary, options)
    }


def test_the_files_come_with_the_readme_first():
    names = ["README.txt", "data_dictionary.csv", "LICENSE.txt", "CITATION.txt", "datapackage.json"]
    assert list(members()) == names


@pytest.mark.parametrize(
    "line",
    [
        "Owls",
        "Dataset: Birds of the world",
        "Published by: The Museum",
        "Address: https://data.example.org/dataset/birds/resource/r-1",
        "DOI: https://doi.org/10.5519/abc",
        "Packaged: 2026-03-03 23:30:00 UTC",
        "Rows: 1,234",
        "Filters: country: France or Spain",
        "resource.csv (5,678,901 bytes)",
        "The count could not be checked.",
        "Creative Commons Attribution",
    ],
)
def test_the_readme_says(line):
    assert line in members()["README.txt"].splitlines()


def test_the_query_in_the_readme_is_valid_json():
    (line,) = [line for line in members()["README.txt"].splitlines() if line.startswith("As JSON: ")]
    assert json.loads(line.removeprefix("As JSON: ")) == {
        "resource_id": "r-1",
        "filters": {"country": ["France", "Spain"], "year": 1901},
        "q": "owl",
        "sort": "year desc",
        "limit": 1000,
    }


def test_the_citation_is_one_sentence_after_another():
    assert members()["CITATION.txt"] == (
        "Jane Doe (2019). Birds of the world, Owls. Version 2. The Museum. https://doi.org/10.5519/abc. "
        "Accessed 2026-03-03.\n"
    )


def test_the_doi_of_the_request_comes_before_that_of_the_dataset():
    assert "https://doi.org/10.1234/x" in members(doi="10.1234/x")["CITATION.txt"]


def test_the_data_dictionary_has_a_line_for_each_column():
    rows = list(csv.DictReader(io.StringIO(members()["data_dictionary.csv"])))
    assert [row["name"] for row in rows] == [field.name for field in FIELDS]
    assert rows[1] == {"name": "name, full", "type": "text", "label": "Name", "notes": 'The "whole" name'}


def test_machines_read_the_same():
    package = json.loads(members(options={"delimiter": ";"})["datapackage.json"])
    (resource,) = package["resources"]
    assert package["name"] == "birds"
    assert package["licenses"][0]["path"] == "http://www.opendefinition.org/licenses/cc-by"
    assert package["created"] == "2026-03-03T23:30:00Z"
    assert (resource["path"], resource["bytes"], resource["dialect"]["delimiter"]) == ("resource.csv", 5_678_901, ";")
    types = [field["type"] for field in resource["schema"]["fields"]]
    assert types == ["integer", "string", "number", "any", "boolean"]


def test_no_address_and_no_secret_gets_in():
    query = Query("r-1", filters={"collector": "joe.bloggs@example.com"})
    everything = "".join(
        members(
            query=query, ckan_url="http://user:hunter2@10.0.0.7:5000/", file_url="http://ckan:5000/f?key=hunter2"
        ).values()
    )
    for secret in ("@", "hunter2", "10.0.0.7", "ckan:5000", "Max"):
        assert secret not in everything


def test_what_is_not_known_is_left_out():
    nothing = members({}, Summary(1, (("resource.csv", 9),), (), ()), ckan_url="")
    assert list(nothing) == ["README.txt", "datapackage.json"]
    assert nothing["README.txt"].startswith("Data package\n")
    for word in ("None", "Licence", "cite", "Address", "Notes", "Published"):
        assert word not in nothing["README.txt"]


def test_a_package_without_rows_says_that_nothing_matched():
    assert "No rows matched the request." in members(summary=Summary(0, (("resource.csv", 9),), (), ()))["README.txt"]


def test_a_file_is_named_by_its_public_address():
    summary = Summary(None, (("paper.pdf", 10),), (), ())
    readme = members(summary=summary, query=None, file_url="https://files.example.org/paper.pdf?signature=x")[
        "README.txt"
    ]
    assert "The file https://files.example.org/paper.pdf\n" in readme
    assert "Rows:" not in readme


def test_odd_answers_of_ckan_do_not_break_it():
    odd = {
        "resource": None,
        "dataset": {"author": [{"name": "A"}, "B", 3], "title": 5, "organization": "x", "license_url": 1},
    }
    assert members(odd)["CITATION.txt"].startswith("A; B. ")


def test_a_limit_of_none_is_not_said_and_one_of_zero_is():
    assert query_json(Query("r")) == {"resource_id": "r"}
    assert query_json(Query("r", limit=0, plain=False)) == {"resource_id": "r", "limit": 0, "plain": False}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://data.example.org/x?key=1#f", "https://data.example.org/x"),
        ("https://me:pw@data.example.org:8443/", "https://data.example.org:8443/"),
        ("http://localhost:5000/", ""),
        ("http://ckan/", ""),
        ("http://192.168.1.4/", ""),
        ("http://[::1]/", ""),
        ("http://db.internal./", ""),
        ("ftp://data.example.org/", ""),
        ("http://[bad/", ""),
        ("http://a.example.org:port/", ""),
    ],
)
def test_only_public_addresses_are_shown(url, shown):
    assert public_url(url) == shown


@pytest.mark.parametrize("doi", ["10.5519/a.b", "doi:10.5519/a.b", "https://dx.doi.org/10.5519/a.b"])
def test_a_doi_is_an_address(doi):
    assert doi_url(doi) == "https://doi.org/10.5519/a.b"


@pytest.mark.parametrize("address", ["a@b.org", "mailto:a.b+c@d.co.uk", "jürgen@müller.de", "o'x_1@x-y.museum"])
def test_addresses_are_taken_out_of_text(address):
    assert "@" not in without_addresses(f"Ask {address}, or <{address}>.")


def test_other_text_with_an_at_sign_stays():
    assert without_addresses("3 @ 5 m, see @museum") == "3 @ 5 m, see @museum"
