"""A request in words, the same on its page, in its mails and in the README of its package."""

from __future__ import annotations

import pytest
from django.utils import translation

from packager.models import Kind, PackageRequest
from packager.presentation.query_summary import english_query_lines, query_summary


def _request(**values):
    plain = {"kind": Kind.DATASTORE, "resource_id": "r-1", "ckan_host": "data.example.org", "format": "csv"}
    return PackageRequest(**{**plain, **values})


def _summary(**values):
    return {line.label: list(line.values) for line in query_summary(_request(**values))}


@pytest.mark.parametrize(
    ("parameters", "label", "values"),
    [
        ({}, "Filters", ["None (all rows)"]),
        ({}, "Columns", ["all"]),
        ({"filters": {"genus": "Bombus"}}, "Filters", ["genus: Bombus"]),
        ({"filters": {"genus": ["Bombus", "Apis"], "n": 1}}, "Filters", ["genus: Bombus or Apis", "n: 1"]),
        ({"filters": {"_id": {"gt": 5, "lte": 9}}}, "Filters", ["_id: greater than 5 and 9 or less"]),
        ({"filters": {"$or": [{"a": 1}]}}, "Filters", ['$or: [{"a": 1}]']),
        ({"filters": {"a": None}}, "Filters", ["a: null"]),
        ({"filters": {"a": []}}, "Filters", ["a: []"]),
        ({"filters": {"a": {}}}, "Filters", ["a: {}"]),
        ({"q": "red bee"}, "Search", ["red bee"]),
        ({"q": {"name": "bee"}, "plain": False}, "Search", ["name: bee", "as a search expression"]),
        ({"fields": ["a", "b"]}, "Columns", ["a, b"]),
        ({"sort": "a desc, b asc,c"}, "Sorted by", ["a, descending", "b", "c"]),
        ({"limit": 1, "offset": 2000}, "Rows", ["at most 1 row", "skipping the first 2,000 rows"]),
    ],
)
def test_a_parameter_in_words(parameters, label, values):
    assert _summary(parameters=parameters)[label] == values


@pytest.mark.parametrize("parameters", [{"limit": 3}, {"limit": 0}, {"offset": 5}, {"q": "bee"}])
def test_a_request_that_is_restricted_otherwise_does_not_claim_all_rows(parameters):
    assert "Filters" not in _summary(parameters=parameters)


def test_the_readme_has_the_same_words_in_english_one_line_each():
    parameters = {"filters": {"year": {"gte": 1900}, "genus": ["Bombus\nx", "Apis"]}, "limit": 1000, "offset": 10}
    with translation.override("de"):
        lines = english_query_lines(_request(parameters=parameters))
        assert translation.get_language() == "de"
    assert lines == (
        "Format: CSV (comma separated)",
        "Filters: year: 1900 or greater; genus: Bombus x or Apis",
        "Columns: all",
        "Rows: at most 1,000 rows; skipping the first 10 rows",
    )


def test_only_options_that_differ_from_the_usual_are_told():
    assert _summary(options={"delimiter": "\t", "bom": False})["Format"] == ["CSV (comma separated)", "Delimiter: tab"]


def test_a_format_that_is_gone_keeps_its_name():
    assert _summary(format="klingon", options={"x": 1})["Format"] == ["klingon"]


def test_a_file_is_called_by_its_name_and_not_by_its_address():
    told = _summary(kind=Kind.URL, format="", resource_url="https://x.example/a/my%20file.pdf?signature=secret")
    assert told["File"] == ["my file.pdf"]
    assert "secret" not in str(told)
    assert "Columns" not in told
