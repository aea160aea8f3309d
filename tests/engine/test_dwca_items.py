import json

import pytest

from packager.streaming.formats.dwca import DwcSettings, settings_from_configuration
from packager.streaming.formats.dwca.settings import parse_extension_fields
from packager.streaming.formats.dwca.terms import MULTIMEDIA
from packager.streaming.types import Field
from tests.engine.dwca_inspection import inspect, package

URL = "https://example.org/1.jpg"


def media(value, **entry):
    """The rows that the value of an ``associatedMedia`` field makes."""
    settings = DwcSettings()
    if entry:
        fields = {"associatedMedia": {"extension": "Multimedia", **entry}}
        settings = settings_from_configuration(extension_fields=fields)
    archive = package(["_id", Field("associatedMedia", "json")], [[1, value]], settings)
    inspect(archive)
    return archive.rows("multimedia.csv") if "multimedia.csv" in archive.members else []


@pytest.mark.parametrize(
    "value",
    [
        [{"identifier": URL}],
        {"identifier": URL},
        json.dumps([{"identifier": URL}]),
        json.dumps({"identifier": URL}),
        [URL],
        json.dumps(URL),
        URL,
        f" {URL} ",
        [None, {"identifier": URL}, ""],
    ],
)
def test_one_item_makes_one_row_however_it_comes(value):
    assert [row["identifier"] for row in media(value)] == [URL]


@pytest.mark.parametrize("value", [None, "", "null", [], "[]", " ", [None]])
def test_nothing_makes_no_row(value):
    assert media(value) == []


def test_an_empty_object_is_an_item_of_defaults():
    assert media([{}], fields={"type": "StillImage"}) == [{"_id": "1", "type": "StillImage"}]


def test_addresses_parted_as_darwin_core_recommends_are_items():
    assert [row["identifier"] for row in media("https://a.org/1 | https://a.org/2")] == [
        "https://a.org/1",
        "https://a.org/2",
    ]


@pytest.mark.parametrize(
    ("item", "format"),
    [
        ({"mime": "jpeg", "format": "own"}, "image/jpeg"),
        ({"mime": "image/png"}, "image/png"),
        ({"mime": "audio/mpeg"}, "audio/mpeg"),
        ({"format": "image/tiff"}, "image/tiff"),
        ({"format": "tiff"}, "tiff"),
        ({"mime": None, "format": "image/gif"}, "image/gif"),
        ({"mime": "", "format": "image/gif"}, "image/gif"),
        ({}, ""),
    ],
)
def test_the_format_comes_from_mime_else_from_the_items_own(item, format):
    assert media({"identifier": URL, **item})[0]["format"] == format


def test_every_term_of_the_extension_is_taken_by_default():
    item = {term.name: f"the {term.name}" for term in MULTIMEDIA.terms}
    assert media(item) == [{"_id": "1", **item}]


def test_a_default_fills_what_is_absent_null_or_empty():
    rows = media([{}, {"title": None}, {"title": ""}, {"title": "own"}], fields={"title": "none given"})
    assert [row["title"] for row in rows] == ["none given", "none given", "none given", "own"]


def test_a_mapping_takes_another_name_and_a_formatter_changes_the_text():
    rows = media(
        [{"kind": "STILL"}, {"type": "OWN"}, {}],
        fields={"type": "Default"},
        mappings={"type": "kind"},
        formatters={"type": "lower"},
    )
    assert [row["type"] for row in rows] == ["still", "OWN", "Default"]


def test_a_formatter_without_a_mapping_changes_the_items_own_value_but_not_the_default():
    rows = media([{"format": "jpeg"}, {}], fields={"format": "image/x"}, formatters={"format": "image"})
    assert [row["format"] for row in rows] == ["image/jpeg", "image/x"]


def test_values_that_are_no_text_are_written_as_ckan_would():
    row = media({"title": {"en": [1, True, float("nan")]}, "created": 1999, "source": True, "creator": 0.5})[0]
    assert (row["title"], row["created"], row["source"], row["creator"]) == (
        '{"en": [1, true, "NaN"]}',
        "1999",
        "t",
        "0.5",
    )


@pytest.mark.parametrize("value", ["[{broken", [3], [["nested"]], "[" * 100_000, '["a" "b"]'])
def test_an_item_that_cannot_be_read_is_said_so(value):
    archive = package(["_id", Field("associatedMedia", "json")], [[1, value], [2, {"identifier": URL}]])
    assert [row["_id"] for row in archive.rows("multimedia.csv")] == ["2"]
    assert [note for note in archive.notes if "associatedMedia" in note and note.endswith(" 1.")]


def test_fields_with_the_same_extension_share_its_file():
    fields = {
        "photos": {"extension": "Multimedia", "fields": {"type": "StillImage", "identifier": ""}},
        "sounds": {"extension": "Multimedia", "fields": {"identifier": "", "type": "Sound", "title": ""}},
    }
    settings = DwcSettings(extension_fields=parse_extension_fields(fields))
    archive = package(["_id", "photos", "Sounds"], [[1, '{"identifier": "p"}', '{"identifier": "s"}']], settings)
    assert archive.rows("multimedia.csv") == [
        {"_id": "1", "type": "StillImage", "identifier": "p", "title": ""},
        {"_id": "1", "type": "Sound", "identifier": "s", "title": ""},
    ]
    inspect(archive)


def test_the_words_of_a_field_name_find_its_extension():
    archive = package(["_id", "Associated media"], [[1, URL]])
    assert archive.rows("multimedia.csv")[0]["identifier"] == URL
