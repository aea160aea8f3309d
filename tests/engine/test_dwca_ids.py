import itertools
import random
import sys

import pytest

from packager.errors import FormatError
from packager.streaming.formats import delimited
from packager.streaming.formats.dwca import DwcaFormat, DwcSettings
from packager.streaming.formats.dwca.ids import UniqueIds
from packager.streaming.pipeline import query_for
from packager.streaming.types import Field, Query
from tests.engine.dwca_inspection import inspect, package


def check(values):
    ids = UniqueIds("_id")
    for value in values:
        ids.add([value], ["" if value is None else str(value)])
    ids.check()
    return ids


@pytest.mark.parametrize(
    "values",
    [
        range(1, 10_000),
        [1, 5, 9, 10, 11],
        [9, 1, 5, 8, 10],
        [-3, 0, 2**63, 2**80, 2**63 + 1],
        ["b", "a", "B", "ä"],
        random.Random(1).sample(range(10**6), 5000),
        [],
    ],
)
def test_ids_that_differ_are_good(values):
    check(values)


@pytest.mark.parametrize(
    "values",
    [
        [1, 1],
        [1, 2, 3, 2],
        [1, 2, 5, 1],
        [5, 9, 9],
        [5, 3, 9, 3],
        [9, 8, 7, 9],
        ["a", "b", "a"],
        [2**70, 1, 2**70],
        [*random.Random(2).sample(range(10**6), 3000), 17, 17],
    ],
)
def test_the_second_of_a_kind_fails(values):
    with pytest.raises(FormatError, match=r"_id.*same value in two rows"):
        check(values)


def test_all_orders_of_a_few_ids_are_told_apart_from_duplicates():
    for values in itertools.product(range(4), repeat=4):
        if len(set(values)) == 4:
            check(values)
        else:
            with pytest.raises(FormatError):
                check(values)


@pytest.mark.parametrize("value", [None, ""])
def test_a_row_without_an_id_fails(value):
    with pytest.raises(FormatError, match="no value in the field _id"):
        check([1, value])


def test_ascending_numbers_take_no_memory_and_others_sixteen_bytes():
    def size(ids):
        return sys.getsizeof(ids._ranges) + sum(map(len, ids._digests))

    assert size(check(range(100_000))) < 200
    assert size(check(f"id {n}" for n in range(10_000))) == pytest.approx(160_000, abs=200)


def test_a_build_with_a_duplicate_fails_and_says_where():
    with pytest.raises(FormatError, match=r"the field barcode.*\(7\)"):
        package([Field("barcode", "int4"), "locality"], [[7, "a"], [8, "b"], [7, "c"]], DwcSettings(id_field="barcode"))


def test_an_id_field_that_is_a_term_stands_there_too():
    settings = DwcSettings(id_field="occurrenceID")
    archive = package(["_id", "occurrenceID", "locality"], [[1, "urn:a", "x"]], settings)
    assert archive.members["occurrence.csv"].splitlines() == [
        b"occurrenceID,occurrenceID,locality,dynamicProperties",
        b'urn:a,urn:a,x,"{""_id"": 1}"',
    ]
    inspect(archive)


def test_the_id_field_is_no_dynamic_property():
    assert package(["_id", "mood"], [[1, "good"]]).dynamic() == {"mood": "good"}


@pytest.mark.parametrize(
    ("asked", "opened"),
    [((), ()), (("locality",), ("barcode", "locality")), (("locality", "barcode"), ("locality", "barcode"))],
)
def test_a_selection_of_fields_gets_the_id_field(asked, opened):
    format = DwcaFormat(DwcSettings(id_field="barcode"))
    assert query_for(format, Query("resource", fields=asked)).fields == opened


def test_other_formats_leave_a_selection_of_fields_alone():
    assert query_for(delimited.CSV, Query("resource", fields=("locality",))).fields == ("locality",)
