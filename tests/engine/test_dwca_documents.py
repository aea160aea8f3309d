from datetime import UTC, datetime
from uuid import UUID
from xml.etree import ElementTree

import pytest

from packager.streaming.formats.dwca import DwcaFormat
from packager.streaming.formats.dwca.documents import eml_xml
from tests.engine.dwca_inspection import package, strict_json

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ID = UUID("12345678-1234-5678-1234-567812345678")


def test_the_places_of_the_template_are_filled():
    filled = eml_xml("<a id='{package_id}'>{pub_date} {date_stamp} {pub_date}</a>", ID, NOW)
    assert filled == b"<a id='12345678-1234-5678-1234-567812345678'>2026-03-04 2026-03-04T05:06:07Z 2026-03-04</a>"


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "{0}",
        "{other}",
        "{{pub_date",
        "{package_id.__class__}",
        "{package_id!r}",
        "{pub_date:>99}",
        "a { b } c",
        "%s",
    ],
)
def test_other_braces_stay_as_they_are(text):
    assert eml_xml(text, ID, NOW) == text.encode()


def test_what_is_filled_in_is_not_filled_again():
    assert eml_xml("{{pub_date}}", ID, NOW) == b"{2026-03-04}"


@pytest.mark.parametrize("declared", ["ISO-8859-1", "utf-16", "UTF-8"])
def test_the_declared_encoding_is_the_one_that_is_written(declared):
    text = f"<?xml version='1.0' encoding='{declared}'?><title>Müller 雪</title>"
    assert ElementTree.fromstring(eml_xml(text, ID, NOW)).text == "Müller 雪"


def test_a_byte_order_mark_in_the_template_is_dropped():
    assert eml_xml("\ufeff<a/>", ID, NOW) == b"<a/>"


def test_the_descriptor_points_to_the_eml_only_if_it_came():
    with_eml = package(["_id"], [[1]], eml="<a>{pub_date}</a>", format=DwcaFormat(now=lambda: NOW))
    assert with_eml.members["eml.xml"] == b"<a>2026-03-04</a>"
    assert b'metadata="eml.xml"' in with_eml.members["meta.xml"]
    without = package(["_id"], [[1]], eml="")
    assert "eml.xml" not in without.members
    assert b"metadata" not in without.members["meta.xml"]


def test_the_eml_of_the_portal_is_there_unless_a_template_came():
    format = DwcaFormat(now=lambda: NOW).with_eml(b"<ours/>")
    assert package(["_id"], [[1]], format=format, eml="").members["eml.xml"] == b"<ours/>"
    assert package(["_id"], [[1]], format=format, eml="<theirs/>").members["eml.xml"] == b"<theirs/>"
    assert b'metadata="eml.xml"' in package(["_id"], [[1]], format=format).members["meta.xml"]


def test_each_archive_has_a_package_id_of_its_own():
    first, second = (package(["_id"], [[1]], eml="{package_id}").members["eml.xml"] for _ in range(2))
    assert UUID(first.decode()) != UUID(second.decode())


def test_gbif_json_has_the_time_if_asked_for():
    archive = package(["_id"], [[1]], for_gbif="true", format=DwcaFormat(now=lambda: NOW))
    assert strict_json(archive.members["gbif.json"].decode()) == {"time": int(NOW.timestamp())}
    assert "gbif.json" not in package(["_id"], [[1]], for_gbif="false").members
