"""Builds Darwin Core Archives from fake tables, and inspects what schemas and readers do not look at."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from packager.streaming.formats.dwca import DwcaFormat, DwcSettings
from packager.streaming.pipeline import Build, TableContent
from packager.streaming.types import Field, Value
from tests.engine.fakes import FakeTable, unzipped

TEXT = "{http://rs.tdwg.org/dwc/text/}"
DYNAMIC = "http://rs.tdwg.org/dwc/terms/dynamicProperties"


@dataclass
class Package:
    """An archive: its bytes, its members and the sentences on what had to be changed."""

    content: bytes
    members: Mapping[str, bytes]
    notes: Sequence[str]

    def rows(self, name: str, delimiter: str = ",") -> list[dict[str, str]]:
        """The rows of a data file by its header line."""
        return list(csv.DictReader(io.StringIO(self.members[name].decode(), newline=""), delimiter=delimiter))

    def dynamic(self, row: int = 0) -> object:
        """The dynamic properties of a row of an Occurrence core."""
        return strict_json(self.rows("occurrence.csv")[row]["dynamicProperties"])


def package(
    columns: Sequence[str | Field],
    rows: Sequence[Sequence[Value]],
    settings: DwcSettings | None = None,
    format: DwcaFormat | None = None,
    **options: object,
) -> Package:
    """Write an archive. A column given by its name alone is a text."""
    fields = [column if isinstance(column, Field) else Field(column, "text") for column in columns]
    format = format or DwcaFormat(settings)
    build = Build(TableContent(FakeTable(fields, rows), format, format.check(options)))
    content = b"".join(build)
    return Package(content, unzipped([content]), [str(note) for note in build.summary.notes])


def strict_json(text: str) -> object:
    """JSON as RFC 8259 has it; Python's own reader would take NaN."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def inspect(archive: Package) -> None:
    """Fail unless the archive holds what it promises.

    The core comes before the extensions; all files are there, with as many columns in each row as in the header; no
    field is beyond the last column, none is without an absolute URI; ids are unique; every coreid exists; dynamic
    properties are JSON objects.
    """
    root = ElementTree.fromstring(archive.members["meta.xml"])
    sections = list(root)
    assert [section.tag for section in sections] == [f"{TEXT}core"] + [f"{TEXT}extension"] * (len(sections) - 1)
    core = _table(archive, sections[0], "id")
    ids = [row[0] for row in core]
    assert all(ids), "an empty id"
    assert len(set(ids)) == len(ids), "ids are not unique"
    for section in sections[1:]:
        rows = _table(archive, section, "coreid")
        assert rows, "an extension without rows"
        assert {row[0] for row in rows} <= set(ids), "a coreid dangles"
    for field in sections[0].findall(f"{TEXT}field"):
        if field.get("term") == DYNAMIC:
            assert all(isinstance(strict_json(row[int(field.attrib["index"])]), dict) for row in core)


def _table(archive: Package, section: ElementTree.Element, id_tag: str) -> list[list[str]]:
    """The rows of one data file, read as meta.xml says."""
    assert section.get("encoding") == "UTF-8"
    assert section.get("linesTerminatedBy") == r"\n"
    assert section.get("ignoreHeaderLines") == "1"
    assert section.find(f"{TEXT}{id_tag}").attrib == {"index": "0"}
    text = archive.members[section.findtext(f"{TEXT}files/{TEXT}location")].decode()
    assert text.endswith("\n")
    delimiter = section.attrib["fieldsTerminatedBy"].replace(r"\t", "\t")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=section.get("fieldsEnclosedBy"))
    header, *rows = reader
    assert {len(row) for row in rows} <= {len(header)}, "rows and header differ in width"
    fields = section.findall(f"{TEXT}field")
    assert [int(field.attrib["index"]) for field in fields] == list(range(1, len(header)))
    assert all(field.attrib["term"].startswith("http") for field in fields)
    return rows
