"""Every row once and in order, whatever paging the server offers."""

import pytest

from demo.ckan import DemoCkan
from packager.errors import QueryRejected, ResourceNotFound
from packager.streaming.sources.ckan_paging import both
from packager.streaming.types import Query, Shape
from tests.engine.engine_ckan import body_of, ids_of, open_table, rows_of, searches, source, text_of

PROFILES = ("2.12", "2.11", "solr", "versioned-datastore")


@pytest.fixture
def ckan():
    with DemoCkan(rows=1000) as running:
        yield running


@pytest.fixture
def old():
    with DemoCkan(rows=1000, profile="2.11") as running:
        yield running


@pytest.mark.parametrize("profile", PROFILES)
def test_every_row_comes_once_and_in_order(profile):
    with DemoCkan(rows=1000, profile=profile) as ckan:
        rows = rows_of(open_table(ckan, shape=Shape.ROWS))
    assert [row[0] for row in rows] == list(range(1, 1001))


@pytest.mark.parametrize("profile", ["2.12", "2.11"])
@pytest.mark.parametrize("name", ["specimens", "awkward", "empty"])
def test_text_is_byte_for_byte_that_of_the_dump(profile, name):
    with DemoCkan(rows=1000, profile=profile) as ckan:
        assert text_of(open_table(ckan, name)) == body_of(ckan, name)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_limit_that_ckan_lowers_silently_loses_no_row(profile):
    with DemoCkan(rows=100, rows_max=7, profile=profile) as ckan:
        rows = rows_of(open_table(ckan, shape=Shape.ROWS))
    assert [row[0] for row in rows] == list(range(1, 101))


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("offset", "limit"), [(0, 5), (3, 400), (990, None), (995, 20), (5000, None), (0, 1000)])
def test_offset_and_limit_are_honoured_exactly(profile, offset, limit):
    with DemoCkan(rows=1000, profile=profile) as ckan:
        rows = rows_of(open_table(ckan, shape=Shape.ROWS, offset=offset, limit=limit))
    assert [row[0] for row in rows] == list(range(1, 1001))[offset:][:limit]


def test_whole_tables_come_in_ranges_of_ids(ckan):
    text_of(open_table(ckan))
    assert all(set(asked["filters"]["_id"]) == {"gte", "lte"} for asked in searches(ckan))


def test_no_range_is_wider_than_the_limit_that_goes_with_it(ckan):
    text_of(open_table(ckan))
    ranges = [(asked["filters"]["_id"], asked["limit"]) for asked in searches(ckan)]
    assert all(ids["lte"] - ids["gte"] + 1 == limit for ids, limit in ranges)


def test_sparse_ids_are_paged_by_keyset(ckan):
    ckan.resources["specimens"].table.deleted = {n for n in range(1, 1000) if n % 9}
    assert ids_of(open_table(ckan)) == [*range(9, 1000, 9), 1000]
    assert [set(asked["filters"]["_id"]) for asked in searches(ckan)[1:]] == [{"gt"}] * (len(searches(ckan)) - 1)


def test_gaps_between_ids_are_no_fault(ckan):
    ckan.resources["specimens"].table.deleted = set(range(100, 400))
    assert ids_of(open_table(ckan)) == [*range(1, 100), *range(400, 1001)]


def test_a_filter_on_the_id_is_merged_with_the_keyset(ckan):
    assert ids_of(open_table(ckan, filters={"_id": {"lte": 700}})) == list(range(1, 701))


def test_filters_on_other_columns_stay_on_every_page(ckan):
    country = rows_of(open_table(ckan, shape=Shape.ROWS, fields=("country",), limit=1))[0][0]
    rows = rows_of(open_table(ckan, shape=Shape.ROWS, fields=("country",), filters={"country": country}))
    assert rows
    assert {row[0] for row in rows} == {country}


def test_a_user_offset_is_used_for_the_first_page_alone(ckan):
    assert ids_of(open_table(ckan, offset=10)) == list(range(11, 1001))
    assert searches(ckan)[0]["offset"] == 10
    assert not any(asked.get("offset") for asked in searches(ckan)[1:])


def test_descending_ids_are_paged_by_keyset(ckan):
    assert ids_of(open_table(ckan, sort="_id desc")) == list(range(1000, 0, -1))


@pytest.mark.parametrize("profile", ["2.12", "2.11"])
def test_a_sort_by_a_repeating_column_gets_the_id_as_its_last_key(profile):
    with DemoCkan(rows=1000, profile=profile) as ckan:
        assert sorted(ids_of(open_table(ckan, sort="country"))) == list(range(1, 1001))
        assert all(asked["sort"] == "country, _id" for asked in searches(ckan))


def test_a_query_that_searches_text_is_paged_by_id_and_not_by_rank(ckan):
    table = open_table(ckan, q="Example", fields=("_id",))
    assert ids_of(table) == sorted(ids_of(open_table(ckan, q="Example", fields=("_id",))))
    assert all(asked["sort"] == "_id" for asked in searches(ckan))


def test_an_old_ckan_is_asked_for_ranges_once_only(old):
    text_of(open_table(old))
    asked = [r.parameters for r in old.requests if r.path.endswith("datastore_search")]
    assert sum("include_next_page" in parameters for parameters in asked) == 1


@pytest.mark.parametrize("profile", ["solr", "versioned-datastore"])
def test_tokens_are_dropped_when_an_offset_is_asked_for(profile):
    with DemoCkan(rows=1000, profile=profile) as ckan:
        rows_of(open_table(ckan, shape=Shape.ROWS, offset=5))
        assert not any({"cursor", "after"} & asked.keys() for asked in searches(ckan))


def test_pages_grow_to_the_page_size_and_not_beyond():
    with DemoCkan(rows=4000) as ckan:
        text_of(open_table(ckan))
        limits = [asked["limit"] for asked in searches(ckan)]
    assert limits[0] == 1
    assert max(limits) == 300


def test_an_unknown_column_is_refused_with_the_reason_of_ckan(ckan):
    with pytest.raises(QueryRejected, match="nonsense"):
        open_table(ckan, filters={"nonsense": 1})


def test_an_unknown_resource_is_said_to_be_unknown(ckan):
    with pytest.raises(ResourceNotFound):
        source(ckan).open(Query("no-such-resource"), [Shape.CSV])


@pytest.mark.parametrize(
    ("filters", "merged"),
    [
        ({}, {"_id": {"gt": 5}}),
        ({"a": 1}, {"a": 1, "_id": {"gt": 5}}),
        ({"_id": 7}, {"$and": [{"_id": 7}, {"_id": {"gt": 5}}]}),
        ({"$or": [{"a": 1}]}, {"$and": [{"$or": [{"a": 1}]}, {"_id": {"gt": 5}}]}),
    ],
)
def test_filters_are_merged_so_that_none_replaces_another(filters, merged):
    assert both(filters, {"_id": {"gt": 5}}) == merged
