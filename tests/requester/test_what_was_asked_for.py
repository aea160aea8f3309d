"""The page repeats what was asked for, in words."""

from __future__ import annotations

import pytest

from packager.models import Kind, PackageRequest
from packager.presentation.query_summary import asked


def _asked(**values):
    plain = {"kind": Kind.DATASTORE, "resource_id": "r-1", "ckan_host": "data.example.org", "format": "csv"}
    return {line.label: list(line.values) for line in asked(PackageRequest(**{**plain, **values}))}


@pytest.mark.parametrize(
    ("parameters", "label", "values"),
    [
        ({}, "Filters", ["none: every row"]),
        ({}, "Columns", ["all"]),
        ({"filters": {"genus": "Bombus"}}, "Filters", ["genus: Bombus"]),
        ({"filters": {"genus": ["Bombus", "Apis"], "n": 1}}, "Filters", ["genus: Bombus or Apis", "n: 1"]),
        ({"filters": {"_id": {"gt": 5, "lte": 9}}}, "Filters", ["_id: greater than 5 and 9 or less"]),
        ({"filters": {"$or": [{"a": 1}]}}, "Filters", ['$or: [{"a": 1}]']),
        ({"filters": {"a": None}}, "Filters", ["a: null"]),
        ({"q": "red bee"}, "Search", ["red bee"]),
        ({"q": {"name": "bee"}, "plain": False}, "Search", ["name: bee", "read as a search expression"]),
        ({"fields": ["a", "b"]}, "Columns", ["a, b"]),
        ({"sort": "a desc, b asc,c"}, "Sorted by", ["a, descending", "b", "c"]),
        ({"limit": 1, "offset": 2000}, "Rows", ["at most 1 row", "the first 2,000 rows left out"]),
    ],
)
def test_a_parameter_in_words(parameters, label, values):
    assert _asked(parameters=parameters)[label] == values


def test_only_options_that_differ_from_the_usual_are_told():
    assert _asked(options={"delimiter": "\t", "bom": False})["Format"] == ["CSV (comma separated)", "Delimiter: tab"]


def test_a_format_that_is_gone_keeps_its_name():
    assert _asked(format="klingon", options={"x": 1})["Format"] == ["klingon"]


def test_a_file_is_called_by_its_name_and_not_by_its_address():
    told = _asked(kind=Kind.URL, format="", resource_url="https://x.example/a/my%20file.pdf?signature=secret")
    assert told["File"] == ["my file.pdf"]
    assert "secret" not in str(told)
    assert "Columns" not in told
