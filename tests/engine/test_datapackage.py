"""What machines read of a package, held against the reference implementation of the standard."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import frictionless
import pytest

from packager.streaming.facts import Facts, Origin
from packager.streaming.formats.registry import Formats, builtin
from packager.streaming.metadata import metadata_members
from packager.streaming.pipeline import Build, TableContent
from packager.streaming.types import Field
from tests.engine import awkward
from tests.engine.fakes import FakeTable, unzipped

FIELDS = (
    *awkward.FIELDS,
    Field("born", "date"),
    Field("names", "_text"),
    Field("mass", "float8", {"label": "Mass in g"}),
    Field("remarks", "text"),
)
LAST: list[tuple] = [
    ("2020-01-02", ["a", "b"], float("nan"), None),
    (None, None, None, "x"),
    ("1999-12-31", [], float("inf"), ""),
    (None, None, float("-inf"), None),
    (None, None, None, None),
]
ROWS = [(*row, *LAST[number % 5]) for number, row in enumerate(awkward.ROWS)]
ORIGIN = Origin("https://data.example.org", "r-1", datetime(2026, 3, 4, tzinfo=UTC))


def package(folder: Path, format_name: str, rows=ROWS, **options: object) -> dict:
    """Write a package, unpack it, and give its only resource as the descriptor has it."""
    format = Formats(builtin()).get(format_name)
    checked = format.check(options)
    content = TableContent(FakeTable(FIELDS, rows), format, checked)
    members = unzipped(Build(content, extras=lambda summary: metadata_members(Facts(), ORIGIN, summary, checked)))
    for name, data in members.items():
        (folder / name).write_bytes(data)
    (resource,) = json.loads(members["datapackage.json"])["resources"]
    return resource


def errors(folder: Path) -> list[str]:
    """What frictionless finds wrong with the package in a folder."""
    report = frictionless.Package(str(folder / "datapackage.json")).validate()
    return [error.message for task in report.tasks for error in task.errors] + [e.message for e in report.errors]


@pytest.mark.parametrize("rows", [ROWS, []], ids=["rows", "no rows"])
@pytest.mark.parametrize(
    ("name", "options"),
    [("csv", {}), ("csv", {"delimiter": ";", "bom": True}), ("tsv", {}), ("xlsx", {})],
)
def test_the_reference_reader_finds_nothing_wrong(tmp_path, name, options, rows):
    package(tmp_path, name, rows, **options)
    assert errors(tmp_path) == []


def test_the_reference_reader_finds_nothing_wrong_with_json_lines(tmp_path):
    # frictionless cannot read an empty file of this format, which is what no rows give
    package(tmp_path, "jsonl")
    assert errors(tmp_path) == []


@pytest.mark.parametrize("name", ["csv", "tsv", "xlsx", "jsonl", "parquet"])
def test_size_and_digest_are_those_of_the_file(tmp_path, name):
    resource = package(tmp_path, name)
    content = (tmp_path / resource["path"]).read_bytes()
    assert resource["bytes"] == len(content)
    assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_the_reference_reader_notices_a_file_that_was_changed(tmp_path):
    path = tmp_path / package(tmp_path, "csv")["path"]
    path.write_bytes(path.read_bytes().replace(b"lead", b"Lead", 1))
    (error,) = errors(tmp_path)
    assert "hash" in error


@pytest.mark.parametrize("name", ["csv", "tsv", "xlsx", "jsonl"])
def test_every_column_has_its_type_and_title(tmp_path, name):
    fields = package(tmp_path, name)["schema"]["fields"]
    types = ["integer", "string", "integer", "number", "number", "boolean", "any", "any", "date", "any", "number"]
    assert [field["type"] for field in fields] == [*types, "string"]
    assert {field["name"]: field.get("title") for field in fields}["mass"] == "Mass in g"


def test_an_empty_text_is_a_gap_in_csv_alone(tmp_path):
    assert package(tmp_path, "csv")["schema"]["missingValues"] == [""]
    assert package(tmp_path, "jsonl")["schema"]["missingValues"] == []
