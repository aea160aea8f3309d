from decimal import Decimal

import pytest

from packager.streaming.formats.dwca import DwcSettings
from packager.streaming.formats.dwca.definitions import camel_case
from packager.streaming.formats.dwca.terms import MEASUREMENT_OR_FACT, TAXON
from packager.streaming.types import Field
from tests.engine.dwca_inspection import inspect, package


@pytest.mark.parametrize(
    ("name", "term"),
    [
        ("Taxon resource ID", "taxonResourceID"),
        ("catalog number", "catalogNumber"),
        ("Catalog  Number ", "catalogNumber"),
        ("ID of record", "IDOfRecord"),
        ("isTypeSpecimen", "isTypeSpecimen"),
        ("Notes", "notes"),
        ("Coordinate uncertainty (m)", "coordinateUncertainty(m)"),
        ("  ", ""),
        ("Ökologie 2", "ökologie2"),
    ],
)
def test_words_become_lower_camel_case_and_capitals_stay(name, term):
    assert camel_case(name) == term


def test_a_field_goes_to_the_term_of_its_name_or_of_its_words():
    archive = package(["_id", "scientificName", "Catalog number", "Scientific name ID"], [[1, "Aus bus", "A 1", "x"]])
    assert archive.rows("occurrence.csv") == [
        {"_id": "1", "scientificName": "Aus bus", "catalogNumber": "A 1", "scientificNameID": "x"}
    ]
    inspect(archive)


def test_a_term_has_the_uri_of_its_own_vocabulary():
    meta = package(["_id", "type", "modified", "class"], [[1, "a", "b", "c"]]).members["meta.xml"].decode()
    assert '<field index="1" term="http://purl.org/dc/elements/1.1/type"/>' in meta
    assert '<field index="2" term="http://purl.org/dc/terms/modified"/>' in meta
    assert '<field index="3" term="http://rs.tdwg.org/dwc/terms/class"/>' in meta


def test_an_exact_name_has_the_term_even_if_it_comes_later():
    archive = package(["_id", "Catalog number", "catalogNumber"], [[1, "words", "exact"]])
    assert archive.rows("occurrence.csv")[0]["catalogNumber"] == "exact"
    assert archive.dynamic() == {"catalogNumber": "words"}
    inspect(archive)


def test_of_two_fields_for_one_term_the_first_has_it_and_the_other_is_kept():
    archive = package(["_id", "Catalog number", "Catalog Number"], [[1, "first", "second"]])
    assert archive.rows("occurrence.csv")[0]["catalogNumber"] == "first"
    assert archive.dynamic() == {"catalogNumber": "second"}


def test_a_field_that_the_core_lacks_goes_to_an_additional_extension():
    settings = DwcSettings(additional=(MEASUREMENT_OR_FACT,))
    archive = package(["_id", "Measurement type", "measurementValue"], [[7, "mass", "3"]], settings)
    assert archive.rows("measurement_or_fact.csv") == [
        {"_id": "7", "measurementType": "mass", "measurementValue": "3"},
    ]
    inspect(archive)


def test_a_single_field_without_a_term_is_an_object_too():
    assert package(["_id", "Collection mood"], [[1, "good"]]).dynamic() == {"collectionMood": "good"}


@pytest.mark.parametrize(
    ("type", "value", "json"),
    [
        ("float8", float("nan"), "NaN"),
        ("float8", float("-inf"), "-Infinity"),
        ("numeric", Decimal("NaN"), "NaN"),
        ("float8", 0.1, 0.1),
        ("bool", True, True),
        ("int8", 2**63 - 1, 2**63 - 1),
        ("text", '{"not": parsed', '{"not": parsed'),
        ("text", "007", "007"),
        ("text", "1", "1"),
        ("json", {"a": [float("nan"), None, "é\n"]}, {"a": ["NaN", None, "é\n"]}),
    ],
)
def test_dynamic_properties_are_valid_json_whatever_the_value(type, value, json):
    assert package(["_id", Field("other", type)], [[1, value]]).dynamic() == {"other": json}


def test_numbers_in_dynamic_properties_keep_every_digit():
    archive = package(["_id", Field("other", "numeric")], [[1, Decimal("12345678901234567890.10")]])
    assert archive.rows("occurrence.csv")[0]["dynamicProperties"] == '{"other": 12345678901234567890.10}'


def test_null_is_left_out_of_dynamic_properties():
    archive = package(["_id", "one", "two"], [[1, None, ""], [2, None, None]])
    assert [archive.dynamic(row) for row in range(2)] == [{"two": ""}, {}]


def test_fields_with_the_same_key_are_both_kept():
    archive = package(["_id", "Big foot", "bigFoot", "big Foot"], [[1, "a", "b", "c"]])
    assert sorted(archive.dynamic().values()) == ["a", "b", "c"]


@pytest.mark.parametrize("own", ['{"weight": 3}', {"weight": 3}])
def test_an_object_in_the_dynamic_field_itself_gives_its_members(own):
    archive = package(["_id", Field("dynamicProperties", "json"), "mood"], [[1, own, "good"]])
    assert archive.dynamic() == {"mood": "good", "weight": 3}
    inspect(archive)


@pytest.mark.parametrize("own", ["no object", '{"broken', '{"mood": "bad"}'])
def test_anything_else_in_the_dynamic_field_is_kept_under_its_name(own):
    archive = package(["_id", "dynamicProperties", "mood"], [[1, own, "good"]])
    assert archive.dynamic() == {"mood": "good", "dynamicProperties": own}


def test_the_dynamic_term_may_be_another_one():
    settings = DwcSettings(dynamic_term="occurrenceRemarks")
    archive = package(["_id", "mood"], [[1, "good"]], settings)
    assert archive.rows("occurrence.csv")[0] == {"_id": "1", "occurrenceRemarks": '{"mood": "good"}'}


def test_the_taxon_core_has_dynamic_properties_with_their_uri():
    archive = package(["_id", "scientificName", "mood"], [[1, "Aus", "good"]], DwcSettings(core=TAXON))
    assert b'term="http://rs.tdwg.org/dwc/terms/dynamicProperties"' in archive.members["meta.xml"]
    inspect(archive)


def test_cells_are_the_text_of_ckans_csv():
    columns = ["_id", Field("sex", "bool"), Field("decimalLatitude", "float8"), Field("preparations", "json")]
    archive = package(columns, [[1, True, 1e20, ["a", 1]], [2, False, 5.0, None]])
    first, second = archive.rows("occurrence.csv")
    assert list(first.values()) == ["1", "t", "1e+20", '["a", 1]']
    assert list(second.values()) == ["2", "f", "5", ""]
