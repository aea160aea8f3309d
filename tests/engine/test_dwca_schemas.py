"""Our archives and term tables against what TDWG, GBIF and KNB publish."""

import pytest
from lxml import etree

from packager.streaming.formats.dwca.definitions import read_definition
from packager.streaming.formats.dwca.terms import MEASUREMENT_OR_FACT, MULTIMEDIA, OCCURRENCE, TAXON
from packager.streaming.types import Field
from tests.engine.dwca_inspection import package
from tests.engine.dwca_schemas import SCHEMAS, schema, schemas_are_there

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
    schemas_are_there()


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
