import errno
import io
import itertools
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packager.errors import FormatError, RequestError, SourceTimeout, StoreError, StoreFull
from packager.streaming.formats.dwca import DwcaFormat, DwcSettings
from packager.streaming.formats.dwca.terms import MEASUREMENT_OR_FACT, TAXON
from packager.streaming.pipeline import Build, TableContent
from packager.streaming.types import Field
from tests.engine.dwca_inspection import inspect, package
from tests.engine.fakes import FakeTable

COLUMNS = ["_id", "catalogNumber", "measurementType", Field("associatedMedia", "json")]
MEDIA = [{"identifier": "https://example.org/1"}, {"identifier": "https://example.org/2"}]
NO_DOCUMENTS = {"eml": "", "for_gbif": False}
SETTINGS = DwcSettings(additional=(MEASUREMENT_OR_FACT,))


def test_the_core_comes_first_then_extensions_then_documents():
    archive = package(COLUMNS, [[1, "A", "length", MEDIA]], SETTINGS, eml="<eml/>", for_gbif=True)
    assert list(archive.members) == [
        *("occurrence.csv", "measurement_or_fact.csv", "multimedia.csv"),
        *("meta.xml", "eml.xml", "gbif.json"),
    ]
    inspect(archive)


def test_each_item_has_a_row_under_the_id_of_its_core_row():
    archive = package(COLUMNS, [[1, "A", None, MEDIA], [2, "B", None, None], [3, "C", None, MEDIA[:1]]])
    assert [row["_id"] for row in archive.rows("multimedia.csv")] == ["1", "1", "3"]
    inspect(archive)


def test_an_extension_without_rows_is_left_out_of_archive_and_descriptor():
    archive = package(COLUMNS, [[1, "A", None, None], [2, "B", "", []]], SETTINGS)
    assert list(archive.members) == ["occurrence.csv", "meta.xml"]
    assert b"<extension" not in archive.members["meta.xml"]


def test_rows_of_an_additional_extension_that_are_empty_are_left_out():
    archive = package(COLUMNS, [[1, "A", None, None], [2, "B", "length", None]], SETTINGS)
    assert archive.rows("measurement_or_fact.csv") == [{"_id": "2", "measurementType": "length"}]


def test_no_rows_give_the_header_alone():
    archive = package(COLUMNS, [])
    assert archive.members["occurrence.csv"] == b"_id,catalogNumber,dynamicProperties\n"
    inspect(archive)


def test_a_table_of_ids_alone_still_has_a_field_as_the_schema_demands():
    archive = package(["_id"], [[1]])
    assert archive.members["occurrence.csv"] == b"_id,dynamicProperties\n1,{}\n"
    inspect(archive)


def test_the_tsv_dialect_says_tab_and_writes_tab():
    archive = package(COLUMNS, [[1, "a\tb", None, MEDIA]], dialect="tsv")
    assert list(archive.members) == ["occurrence.tsv", "multimedia.tsv", "meta.xml"]
    assert archive.members["meta.xml"].count(rb'fieldsTerminatedBy="\t"') == 2
    assert archive.rows("occurrence.tsv", "\t")[0]["catalogNumber"] == "a\tb"
    inspect(archive)


def test_the_core_gives_its_name_to_its_file():
    archive = package(["_id", "taxonID", "weight"], [[1, "t1", "3 g"]], DwcSettings(core=TAXON))
    assert archive.rows("taxon.csv") == [{"_id": "1", "taxonID": "t1", "dynamicProperties": '{"weight": "3 g"}'}]
    inspect(archive)


@pytest.mark.parametrize(
    "text", ["a\nb", "a\rb", "a\r\nb", 'say "x", y', "\x01\x1f", "a\x85b\u2028c", "\t", "=1+1", " x "]
)
def test_awkward_text_comes_back_as_it_was(text):
    archive = package(["_id", "locality", "note"], [[1, text, text]])
    assert archive.rows("occurrence.csv")[0]["locality"] == text
    assert archive.dynamic() == {"note": text}
    inspect(archive)


def test_many_items_go_through_the_spool_whole():
    rows = [[n, "A", None, [{"identifier": f"https://example.org/{n}/{m}"} for m in range(3)]] for n in range(1, 3001)]
    archive = package(COLUMNS, rows)
    assert [row["identifier"] for row in archive.rows("multimedia.csv")] == [
        item["identifier"] for row in rows for item in row[3]
    ]


def test_waiting_rows_lie_deflated_in_files_that_are_gone_in_the_end(tmp_path):
    secret = b"the place of the last orchid"
    rows = [[n, "A", None, [{"identifier": os.urandom(50).hex(), "title": secret.decode()}]] for n in range(1, 9999)]
    seen = []
    for member in DwcaFormat(temp_directory=tmp_path).members(_table(rows), {"dialect": "csv", **NO_DOCUMENTS}, []):
        for _ in member.chunks:
            seen += _open_files(tmp_path)
    assert any(seen)
    assert not any(secret in content for content in seen)
    assert not list(tmp_path.iterdir())
    assert not _open_files(tmp_path)


def test_nothing_is_left_behind_when_the_source_fails(tmp_path):
    rows = [[n, "A", None, MEDIA] for n in range(1, 2500)]
    with pytest.raises(SourceTimeout):
        list(_build(rows, tmp_path, SourceTimeout()))
    assert not list(tmp_path.iterdir())
    assert not _open_files(tmp_path)


def test_nothing_is_left_behind_when_the_build_is_stopped(tmp_path):
    build = _build([[n, os.urandom(2000).hex(), None, MEDIA] for n in range(1, 2500)], tmp_path)
    assert list(itertools.islice(build, 1))
    assert _open_files(tmp_path)
    build.close()
    assert not _open_files(tmp_path)


def test_pages_are_asked_for_as_values():
    format = DwcaFormat()
    assert format.shapes(format.check({})) == ("rows",)


@pytest.mark.parametrize(
    ("options", "field"),
    [({"dialect": "xml"}, "dialect"), ({"eml": 1}, "eml"), ({"for_gbif": 3}, "for_gbif"), ({"bom": True}, "bom")],
)
def test_an_option_that_cannot_be_used_is_named(options, field):
    with pytest.raises(RequestError) as caught:
        DwcaFormat().check(options)
    assert caught.value.field == field


@pytest.mark.parametrize(("sent", "wanted"), [("", False), ("false", False), ("0", False), ("true", True), ("1", True)])
def test_for_gbif_is_wanted_if_it_came_and_is_no_no(sent, wanted):
    assert DwcaFormat().check({"for_gbif": sent}) == {"dialect": "csv", "eml": "", "for_gbif": wanted}


def test_a_table_without_the_id_field_is_refused():
    with pytest.raises(FormatError, match="_id"):
        package(["catalogNumber"], [["A"]])


def test_a_place_that_cannot_be_written_to_is_our_error(tmp_path):
    with pytest.raises(StoreError):
        list(_build([[1, "A", None, MEDIA]], tmp_path / "not there"))


class FullDisk(io.BytesIO):
    def write(self, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_our_error(monkeypatch):
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: FullDisk())
    with pytest.raises(StoreFull):
        package(COLUMNS, [[1, "A", None, MEDIA]])


def test_half_a_surrogate_pair_is_refused_in_a_cell_and_escaped_in_json():
    with pytest.raises(FormatError, match="surrogate"):
        package(["_id", "locality"], [[1, "\ud83d"]])
    assert package(["_id", "mood"], [[1, "é \ud83d"]]).dynamic() == {"mood": "é \ud83d"}


def test_a_row_of_another_width_is_refused():
    with pytest.raises(FormatError, match="1 value for 2 columns"):
        package(["_id", "locality"], [[1]])


NUMERIC = st.decimals().filter(lambda number: not number.is_snan())
CELLS = st.none() | st.text() | st.integers() | st.floats() | st.booleans() | NUMERIC
JSON = st.recursive(CELLS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.text(), CELLS, JSON, JSON), max_size=8), st.sampled_from(["csv", "tsv"]))
def test_whatever_the_values_the_archive_keeps_its_promises(rows, dialect):
    columns = ["_id", "locality", "note", Field("mood", "json"), Field("associatedMedia", "json")]
    archive = package(columns, [[n, row[0], *row[1:]] for n, row in enumerate(rows)], dialect=dialect)
    inspect(archive)
    delimiter = "\t" if dialect == "tsv" else ","
    assert [row["locality"] for row in archive.rows(f"occurrence.{dialect}", delimiter)] == [row[0] for row in rows]


def _build(rows, directory: Path, error: Exception | None = None) -> Build:
    format = DwcaFormat(temp_directory=directory)
    return Build(TableContent(_table(rows, error), format, format.check({})))


def _table(rows, error: Exception | None = None) -> FakeTable:
    fields = [column if isinstance(column, Field) else Field(column, "text") for column in COLUMNS]
    return FakeTable(fields, rows, page_size=500, error=error)


def _open_files(directory: Path) -> list[bytes]:
    """The content of the files in a directory that this process has open, nameless ones too."""
    contents = []
    for number in os.listdir("/proc/self/fd"):
        link = Path("/proc/self/fd") / number
        try:
            if os.readlink(link).startswith(str(directory)):
                contents.append(link.read_bytes())
        except OSError:
            continue
    return contents
