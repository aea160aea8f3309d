import json

import pytest

from packager.errors import DwcConfigurationError
from packager.streaming.formats.dwca import DwcSettings, settings_from_configuration
from packager.streaming.formats.dwca.items import ItemTable
from packager.streaming.formats.dwca.settings import parse_extension_fields
from packager.streaming.formats.dwca.terms import MEASUREMENT_OR_FACT, MULTIMEDIA, OCCURRENCE, TAXON

ORIGINAL_DEFAULT = {
    "associatedMedia": {
        "extension": "Multimedia",
        "fields": {"type": "StillImage", "format": "", "identifier": ""},
        "mappings": {"format": "mime"},
        "formatters": {"format": "image"},
    }
}


def test_empty_values_mean_the_defaults():
    assert settings_from_configuration() == DwcSettings()
    assert settings_from_configuration(id_field="", additional_extensions=[""], dynamic_term="") == DwcSettings()
    assert DwcSettings().core is OCCURRENCE
    assert list(DwcSettings().extension_fields) == ["associatedMedia"]


def test_built_in_definitions_are_named():
    settings = settings_from_configuration(core_extension="Taxon", additional_extensions=["MeasurementOrFact"])
    assert (settings.core, settings.additional) == (TAXON, (MEASUREMENT_OR_FACT,))


def test_extension_fields_have_the_shape_of_the_old_setting():
    table = parse_extension_fields(ORIGINAL_DEFAULT)["associatedMedia"]
    assert table.definition is MULTIMEDIA
    assert [(column.term.name, column.default, column.source, column.formatter) for column in table.columns] == [
        ("type", "StillImage", None, None),
        ("format", "", "mime", "image"),
        ("identifier", "", None, None),
    ]


@pytest.mark.parametrize(
    ("fields", "names"),
    [({}, [term.name for term in MULTIMEDIA.terms]), ({"fields": ["type", "Rights holder"]}, ["type", "rightsHolder"])],
)
def test_fields_may_be_a_list_or_left_out(fields, names):
    table: ItemTable = parse_extension_fields({"photos": {"extension": "Multimedia", **fields}})["photos"]
    assert [term.name for term in table.terms] == names


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ('{"a": 1}', "a must be a JSON object"),
        ('{"a": {}}', "a.extension must be a text"),
        ('{"a": {"extension": 5}}', "a.extension must be a text"),
        ('{"a": {"extension": "no/such/file.xml"}}', "no/such/file.xml cannot be read"),
        ('{"a": {"extension": "Multimedia", "field": {}}}', "field is not among extension, fields"),
        ('{"a": {"extension": "Multimedia", "fields": 1}}', "a.fields must be a JSON object"),
        ('{"a": {"extension": "Multimedia", "fields": [1]}}', "a.fields must be a text"),
        ('{"a": {"extension": "Multimedia", "fields": {"type": null}}}', "a.fields.type must be a text"),
        ('{"a": {"extension": "Multimedia", "fields": {"colour": ""}}}', "has no term colour"),
        ('{"a": {"extension": "Multimedia", "mappings": {"colour": "x"}}}', "a.mappings: colour is not among"),
        ('{"a": {"extension": "Multimedia", "formatters": {"type": "eval"}}}', "eval is not among image, lower"),
        ('{"a": {"extension": "Occurrence"}}', "Occurrence is the core already"),
    ],
)
def test_extension_fields_that_cannot_be_used_name_the_setting_and_the_place(value, problem):
    with pytest.raises(DwcConfigurationError) as caught:
        settings_from_configuration(extension_fields=json.loads(value))
    assert caught.value.setting == "PACKAGER_DWC_EXTENSION_FIELDS"
    assert problem in caught.value.detail


@pytest.mark.parametrize(
    ("values", "setting"),
    [
        ({"core_extension": "Occurence"}, "PACKAGER_DWC_CORE_EXTENSION"),
        ({"additional_extensions": ["/no/such.xml"]}, "PACKAGER_DWC_ADDITIONAL_EXTENSIONS"),
        ({"additional_extensions": ["Occurrence"]}, "PACKAGER_DWC_ADDITIONAL_EXTENSIONS"),
        ({"dynamic_term": "noTerm"}, "PACKAGER_DWC_DYNAMIC_TERM"),
    ],
)
def test_another_setting_that_cannot_be_used_is_named(values, setting):
    with pytest.raises(DwcConfigurationError, match=setting) as caught:
        settings_from_configuration(**values)
    assert caught.value.setting == setting
    assert isinstance(caught.value, ValueError)


def test_an_empty_id_field_is_refused():
    with pytest.raises(DwcConfigurationError, match="PACKAGER_DWC_ID_FIELD"):
        DwcSettings(id_field="")
