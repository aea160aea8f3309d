"""Pages in the shape that the format asks for, and values exactly as they are."""

import json
from decimal import Decimal

import msgspec
import pytest

from demo.ckan import DemoCkan
from demo.data import hard_rows
from packager.errors import AnswerMalformed, QueryRejected
from packager.streaming.sources.ckan_response import RowCounter, RowDecoder, text_chunks
from packager.streaming.types import Field, Query, Shape
from tests.engine.engine_ckan import body_of, open_table, rows_of, source, text_of


@pytest.fixture
def ckan():
    with DemoCkan(rows=1000) as running:
        yield running


def test_numbers_are_exact_and_json_is_parsed(ckan):
    rows = rows_of(open_table(ckan, "awkward", Shape.ROWS))
    for row, wanted in zip(rows, hard_rows(), strict=True):
        assert tuple(row[1:8]) == wanted[1:8]
        assert [type(value) for value in row[1:8]] == [type(value) for value in wanted[1:8]]


def test_objects_are_one_line_each_and_name_their_columns(ckan):
    table = open_table(ckan, "awkward", Shape.OBJECTS)
    lines = rows_of(table)
    assert all(b"\n" not in line for line in lines)
    assert [list(json.loads(line)) for line in lines] == [[f.name for f in table.fields]] * len(lines)


@pytest.mark.parametrize("shape", list(Shape))
def test_a_text_search_adds_no_rank_column_in_any_shape(ckan, shape):
    table = open_table(ckan, shape=shape, q="Example", limit=3)
    assert "rank" not in [field.name for field in table.fields]
    page = next(iter(table.pages()))
    assert "rank" not in str(page)


@pytest.mark.parametrize("profile", ["solr", "versioned-datastore"])
def test_a_server_without_record_formats_gives_rows_and_objects(profile):
    with DemoCkan(rows=20, profile=profile) as ckan:
        rows = rows_of(open_table(ckan, shape=Shape.ROWS))
        objects = [json.loads(line) for line in rows_of(open_table(ckan, shape=Shape.OBJECTS))]
    assert [row[0] for row in rows] == [item["_id"] for item in objects] == list(range(1, 21))


def test_a_server_without_record_formats_gives_the_next_best_shape():
    with DemoCkan(rows=20, profile="solr") as ckan:
        assert source(ckan).open(Query(ckan.id("small")), [Shape.CSV, Shape.ROWS]).shape is Shape.ROWS
        with pytest.raises(QueryRejected):
            source(ckan).open(Query(ckan.id("small")), [Shape.CSV])


def test_the_first_shape_that_can_be_had_is_taken(ckan):
    table = source(ckan).open(Query(ckan.id("small")), [Shape.TSV, Shape.ROWS])
    assert table.shape is Shape.TSV
    assert text_of(table).count(b"\t") >= 1000


@pytest.mark.parametrize("piece", [1, 2, 7, 64, 1 << 20])
def test_text_cut_into_pieces_is_the_same_text(ckan, piece):
    text = body_of(ckan, "awkward").decode() + 'back\\\\slash\\n,"\\\n\U0001f98b"\n'
    for escaped in (json.dumps(text).encode(), msgspec.json.encode(text)):
        assert b"".join(text_chunks(escaped, piece)).decode() == text


@pytest.mark.parametrize("broken", [b"[]", b'"abc', b'"\\ud800"', b'"\\x"', b'"\xff"'])
def test_text_that_is_no_json_string_is_malformed(broken):
    with pytest.raises(AnswerMalformed):
        list(text_chunks(broken))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_line_ends_within_quotes_are_no_rows(size):
    text = b'1,a\n2,"b\n""c""\n"\n\n3,""\n"""\n"\n'
    counter = RowCounter()
    for start in range(0, len(text), size):
        counter.take(text[start : start + size])
    assert (counter.rows, counter.inside) == (5, False)


def test_special_numbers_and_mistyped_values_are_kept():
    fields = [Field("n", "numeric"), Field("f", "float8"), Field("i", "int8")]
    decoder = RowDecoder(fields)
    exact = [msgspec.Raw(b"[1.10,1,123456789012345678901234567890]"), msgspec.Raw(b'[null,"NaN",null]')]
    assert decoder.decode(exact) == [(Decimal("1.10"), 1.0, 123456789012345678901234567890), (None, "NaN", None)]
    assert decoder.decode([msgspec.Raw(b'{"n":"many","i":1}')]) == [("many", None, 1)]


def test_rows_with_too_few_values_are_malformed():
    with pytest.raises(AnswerMalformed):
        RowDecoder([Field("a", "text"), Field("b", "text")]).decode([msgspec.Raw(b'["a"]')])


def test_the_resource_and_its_dataset_are_described(ckan):
    found = source(ckan).describe(ckan.id("small"))
    assert found["resource"]["id"] == ckan.id("small")
    assert found["dataset"]["id"] == found["resource"]["package_id"]


def test_what_cannot_be_described_is_left_out(ckan):
    assert source(ckan).describe("no-such-resource") == {}
