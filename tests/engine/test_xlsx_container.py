"""The ZIP of a workbook is one that Excel reads: no ZIP64 anywhere, and only the parts it needs."""

from __future__ import annotations

import io
import zipfile

import pytest
from lxml import etree

from packager.errors import FormatError
from packager.streaming.formats.opc import Part, package
from tests.engine.fakes import FIELDS, FakeTable
from tests.engine.sheets import workbook

ZIP64_EXTRA = b"\x01\x00"


@pytest.fixture
def content() -> bytes:
    return workbook(FakeTable(FIELDS, [(1, "a"), (2, "b")]), row_limit=2)


def test_every_part_is_well_formed_and_listed(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        parts = {f"/{name}": etree.fromstring(archive.read(name)) for name in archive.namelist()}
    types = parts.pop("/[Content_Types].xml")
    listed = set(types.xpath("//@PartName"))
    assert listed == {name for name in parts if not name.endswith(".rels")}
    assert {"/xl/worksheets/sheet1.xml", "/xl/worksheets/sheet2.xml"} <= listed


def test_no_entry_announces_zip64(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
    assert all(entry.extract_version == 20 and not entry.extra.startswith(ZIP64_EXTRA) for entry in entries)
    assert all(content[entry.header_offset + 4] == 20 for entry in entries)
    assert b"PK\x06\x06" not in content


def test_the_same_rows_give_the_same_bytes(content: bytes) -> None:
    assert workbook(FakeTable(FIELDS, [(1, "a"), (2, "b")]), row_limit=2) == content


def test_the_header_is_bold_and_stays_in_view(content: bytes) -> None:
    import openpyxl

    sheet = openpyxl.load_workbook(io.BytesIO(content))["Data 2"]
    assert (sheet.freeze_panes, sheet["A1"].font.b, sheet["A2"].font.b) == ("A2", True, False)


@pytest.mark.slow
def test_a_part_over_4_gib_is_an_error_not_a_damaged_file() -> None:
    block = bytes(1 << 24)
    with pytest.raises(FormatError, match="4 GiB"):
        for _ in package([Part("big", (block for _ in range(257)))]):
            pass
