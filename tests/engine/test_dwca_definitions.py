import pytest

from packager.errors import DwcConfigurationError
from packager.streaming.formats.dwca import DwcSettings, settings_from_configuration
from packager.streaming.formats.dwca.definitions import Definition, Term, read_definition
from packager.streaming.formats.dwca.terms import BUILT_IN
from tests.engine.dwca_inspection import inspect, package

EXTENSION = """<?xml version="1.0" encoding="UTF-8"?>
<extension xmlns="http://rs.gbif.org/extension/" name="Notes" rowType="http://example.org/terms/DNANotes">
  <property name="note" namespace="http://example.org/terms/" qualName="http://example.org/terms/note"/>
  <property name="writtenBy" qualName="http://example.org/terms/writtenBy"/>
</extension>
"""


@pytest.fixture
def definition_file(tmp_path):
    def write(content, name="notes.xml"):
        path = tmp_path / name
        path.write_text(content)
        return path

    return write


def test_a_definition_gives_row_type_and_terms(definition_file):
    definition = read_definition(definition_file(EXTENSION), "SETTING")
    assert definition.row_type == "http://example.org/terms/DNANotes"
    assert definition.terms == (
        Term("note", "http://example.org/terms/note"),
        Term("writtenBy", "http://example.org/terms/writtenBy"),
    )


def test_fields_go_to_the_extension_of_a_file(definition_file):
    settings = settings_from_configuration(additional_extensions=[str(definition_file(EXTENSION))])
    archive = package(["_id", "Written by"], [[1, "Ann"]], settings)
    assert archive.rows("dna_notes.csv") == [{"_id": "1", "writtenBy": "Ann"}]
    inspect(archive)


@pytest.mark.parametrize(
    ("row_type", "stem"),
    [
        ("http://rs.tdwg.org/dwc/terms/MeasurementOrFact", "measurement_or_fact"),
        ("http://rs.gbif.org/terms/1.0/Multimedia", "multimedia"),
        ("http://rs.gbif.org/terms/1.0/DNADerivedData", "dna_derived_data"),
        ("http://purl.org/germplasm/germplasmTerm#MeasurementTrial/", "measurement_trial"),
        ("http://example.org/../Ähm", "hm"),
        ("", "data"),
    ],
)
def test_a_row_type_gives_a_safe_file_name(row_type, stem):
    assert Definition(row_type, ()).file_stem == stem


def test_row_types_that_end_in_the_same_word_have_files_of_their_own(definition_file):
    text = EXTENSION.replace("example.org/terms/DNANotes", "example.org/terms/Multimedia")
    settings = settings_from_configuration(additional_extensions=[str(definition_file(text))])
    archive = package(["_id", "note", "associatedMedia"], [[1, "n", "https://example.org/1"]], settings)
    assert list(archive.members) == ["occurrence.csv", "multimedia.csv", "multimedia_2.csv", "meta.xml"]
    inspect(archive)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('<!DOCTYPE extension [<!ENTITY a "b">]>' + EXTENSION.partition("\n")[2], "document type"),
        ('<!DOCTYPE extension SYSTEM "http://127.0.0.1:9/x.dtd">' + EXTENSION.partition("\n")[2], "document type"),
        ("<extension", "unclosed token"),
        ("", "no element found"),
        ("<html/>", "no row type"),
        (EXTENSION.replace("rs.gbif.org", "example.org"), "no row type"),
        (EXTENSION.replace("rowType", "rowtype"), "no row type"),
        (EXTENSION.replace("property", "thing"), "no terms"),
        (EXTENSION.replace('qualName="http://example.org/terms/writtenBy"', ""), "writtenBy lacks"),
        (EXTENSION.replace('name="note" ', ""), "lacks its name"),
    ],
)
def test_a_file_that_is_no_definition_is_refused_and_named(definition_file, content, problem):
    path = definition_file(content, "wrong.xml")
    with pytest.raises(DwcConfigurationError) as caught:
        read_definition(path, "PACKAGER_DWC_CORE_EXTENSION")
    assert problem in caught.value.detail
    assert str(path) in caught.value.detail
    assert "PACKAGER_DWC_CORE_EXTENSION" in caught.value.detail


def test_the_built_in_definitions_have_no_term_twice_and_none_without_a_uri():
    for definition in BUILT_IN.values():
        assert len(definition.by_name) == len(definition.terms) > 5
        assert all(term.uri.startswith("http://") and term.uri.endswith(f"/{term.name}") for term in definition.terms)


def test_of_two_terms_with_one_name_the_first_counts():
    twice = Definition(
        "http://example.org/Core", (Term("a", "http://example.org/1"), Term("a", "http://example.org/2"))
    )
    archive = package(["_id", "a"], [[1, "x"]], DwcSettings(core=twice))
    assert b'<field index="1" term="http://example.org/1"/>' in archive.members["meta.xml"]
