"""EML out of what CKAN says, held against the published schema where that lies beside the repository."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from lxml import etree

from packager.streaming.eml import eml
from packager.streaming.facts import Origin, facts_of
from packager.streaming.metadata import citation
from tests.engine.dwca_schemas import schema, schemas_are_there
from tests.engine.test_metadata import DESCRIPTION

MADE = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ORIGIN = Origin("https://data.example.org", "r-1", MADE)
ODD = "".join(map(chr, range(0x20))) + "<&>\"' ]]> \ufffe 𝔘 {package_id} \ud800"


def document(description=DESCRIPTION, origin=ORIGIN) -> bytes:
    facts = facts_of(description, origin)
    return eml(facts, origin, citation(facts, origin))


def texts(content: bytes, path: str) -> list[str]:
    return ["".join(found.itertext()) for found in ElementTree.fromstring(content).findall(path)]


@pytest.mark.parametrize(
    "description",
    [
        DESCRIPTION,
        {},
        {"dataset": {"title": "Birds", "author": "Jane Doe; The Museum", "organization": {"title": "The Museum"}}},
        {"dataset": {"author": "The Museum", "organization": {"title": "The Museum"}, "license_title": "Anything"}},
        {"dataset": {"title": ODD, "notes": f"{ODD}\n\n\n{ODD}", "author": ODD, "license_title": ODD, "version": ODD}},
        {"dataset": {"name": "a b", "doi": '10.1234/<a>"b c"', "license_url": "https://example.org/a b[é]<x>|"}},
        {"dataset": {"title": " ", "author": [{"name": "A"}, "B", 3], "license_id": "x"}},
        {"dataset": {"title": "curator@museum.example.org", "author": "jane@museum.example.org"}},
    ],
)
@pytest.mark.parametrize("site", ["https://data.example.org", "http://10.0.0.7:5000", ""])
def test_whatever_ckan_says_gives_valid_eml(description, site):
    schemas_are_there()
    root = etree.fromstring(document(description, Origin(site, "r-1", MADE)))
    schema("eml-2.2.0/eml.xsd").assertValid(root)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("dataset/title", ["Birds of the world, Owls"]),
        ("dataset/alternateIdentifier", ["https://doi.org/10.5519/abc", "r-1"]),
        ("dataset/creator/individualName/surName", ["Jane Doe"]),
        ("dataset/contact/organizationName", ["The Museum"]),
        ("dataset/publisher/organizationName", ["The Museum"]),
        ("dataset/pubDate", ["2019"]),
        ("dataset/abstract/para", ["Ask [email address removed] about it."]),
        ("dataset/intellectualRights/para/ulink/citetitle", ["Creative Commons Attribution"]),
        ("dataset/licensed/identifier", ["cc-by"]),
        ("dataset/distribution/online/url", ["https://data.example.org/dataset/birds/resource/r-1"]),
        ("additionalMetadata/metadata/gbif/dateStamp", ["2026-03-04T05:06:07Z"]),
    ],
)
def test_it_says_what_ckan_says(path, wanted):
    assert texts(document(), path) == wanted


def test_the_citation_is_that_of_the_package():
    (found,) = texts(document(), "additionalMetadata/metadata/gbif/citation")
    assert found == citation(facts_of(DESCRIPTION, ORIGIN), ORIGIN).strip()


def test_where_ckan_says_nothing_the_resource_and_the_site_stand_in():
    content = document({})
    assert texts(content, "dataset/title") == ["r-1"]
    assert texts(content, "dataset/creator/organizationName") == ["data.example.org"]
    assert texts(content, "dataset/contact/organizationName") == ["data.example.org"]
    assert texts(content, "dataset/intellectualRights") == texts(content, "dataset/pubDate") == []


def test_each_document_has_an_id_of_its_own():
    ids = {ElementTree.fromstring(document()).get("packageId") for _ in range(2)}
    assert len(ids) == 2


def test_no_address_and_no_secret_gets_in():
    content = document(origin=Origin("http://user:hunter2@10.0.0.7:5000/", "r-1", MADE)).decode()
    for secret in ("@", "hunter2", "10.0.0.7", "Max"):
        assert secret not in content
