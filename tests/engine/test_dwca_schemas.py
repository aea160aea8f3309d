"""Our archives and term tables against what TDWG, GBIF and KNB publish.

The schemas are not part of this repository. They are looked for in the folder that ``DWC_SCHEMAS`` names: ``dwc`` with
``tdwg_dwc_text.xsd`` and GBIF's definitions, ``eml-2.2.0`` with ``eml.xsd`` and what it includes.
"""

import os
from pathlib import Path

import pytest
from lxml import etree

from packager.streaming.formats.dwca.definitions import read_definition
from packager.streaming.formats.dwca.terms import MEASUREMENT_OR_FACT, MULTIMEDIA, OCCURRENCE, TAXON
from packager.streaming.types import Field
from tests.engine.dwca_inspection import package

SCHEMAS = Path(os.environ.get("DWC_SCHEMAS") or Path(__file__).parents[3] / "shared" / "data")
TERMS = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://rs.tdwg.org/dwc/terms/"/>'
EML = """<?xml version="1.0" encoding="UTF-8"?>
<eml:eml xmlns:eml="https://eml.ecoinformatics.org/eml-2.2.0" packageId="{package_id}" system="https://example.org">
  <dataset>
    <title>Specimens {as they are}</title>
    <creator><organizationName>A museum</organizationName></creator>
    <pubDate>{pub_date}</pubDate>
    <contact><organizationName>A museum</organizationName></contact>
  </dataset>
  <additionalMetadata><metadata><dateStamp>{date_stamp}</dateStamp></metadata></additionalMetadata>
</eml:eml>
"""
MEDIA = Field("associatedMedia", "json")


@pytest.fixture(autouse=True)
def _schemas_are_there():
    if not SCHEMAS.is_dir():
        reason = f"no schemas in {SCHEMAS} (set DWC_SCHEMAS)"
        pytest.fail(reason) if os.environ.get("PACKAGING_PORTAL_CI") == "1" else pytest.skip(reason)


class LocalSchemas(etree.Resolver):
    """What the schemas import by URL, from the folder; the text schema uses nothing of the terms it imports."""

    def resolve(self, system_url, public_id, context):
        if system_url.endswith("tdwg_dwcterms.xsd"):
            return self.resolve_string(TERMS, context)
        if system_url.startswith("http"):
            return self.resolve_filename(str(SCHEMAS / "eml-2.2.0" / "xml.xsd"), context)
        return None


def schema(path):
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(LocalSchemas())
    return etree.XMLSchema(etree.parse(str(SCHEMAS / path), parser))


@pytest.mark.parametrize("dialect", ["csv", "tsv"])
@pytest.mark.parametrize("columns", [["_id"], ["_id", "locality", "mood", MEDIA]])
def test_the_descriptor_passes_the_text_schema(columns, dialect):
    rows = [[1, "here", "good", {"identifier": "https://example.org"}][: len(columns)]]
    archive = package(columns, rows, dialect=dialect, eml="<eml/>")
    schema("dwc/tdwg_dwc_text.xsd").assertValid(etree.fromstring(archive.members["meta.xml"]))


def test_a_valid_template_gives_valid_eml():
    archive = package(["_id"], [[1]], eml=EML)
    schema("eml-2.2.0/eml.xsd").assertValid(etree.fromstring(archive.members["eml.xml"]))


@pytest.mark.parametrize(
    ("definition", "file"),
    [
        (OCCURRENCE, "dwc_occurrence_2024-02-23.xml"),
        (TAXON, "dwc_taxon_2024-02-19.xml"),
        (MULTIMEDIA, "multimedia.xml"),
        (MEASUREMENT_OR_FACT, "measurements_or_facts_2022-02-02.xml"),
    ],
)
def test_the_built_in_tables_are_those_of_gbif(definition, file):
    assert definition == read_definition(SCHEMAS / "dwc" / file, "DWC_SCHEMAS")
    published = etree.parse(str(SCHEMAS / "dwc" / file)).getroot()
    properties = published.findall("{http://rs.gbif.org/extension/}property")
    assert definition.row_type == published.get("rowType")
    assert [(term.name, term.uri) for term in definition.terms] == [
        (p.get("name"), p.get("qualName")) for p in properties
    ]
