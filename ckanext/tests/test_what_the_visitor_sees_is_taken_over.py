"""What a visitor sees of a table (address, view, what was done in it) becomes a query of the DataStore."""

from __future__ import annotations

import pytest

from ckanext.packaging_portal import current_view
from ckanext.packaging_portal.current_view import BadQuery

COLUMNS = ["_id", "species", "country", "year"]
BRAZIL = {"filters": {"country": ["Brazil"]}, "show_fields": ["_id", "species", "year"]}


@pytest.mark.parametrize(
    ("address", "filters"),
    [
        ("country:Peru", {"country": ["Peru"]}),
        ("country:Peru|country:Chile|year:1901", {"country": ["Peru", "Chile"], "year": ["1901"]}),
        ("country:Peru|country:Peru", {"country": ["Peru"]}),
        ("country:C%C3%B4te%20d%27Ivoire", {"country": ["Côte d'Ivoire"]}),
        ("a%3Ab:c%7Cd%3Ae", {"a:b": ["c|d:e"]}),
        ("note:a:b", {"note": ["a:b"]}),
        ("empty:|", {"empty": [""]}),
        ("", {}),
    ],
)
def test_filters_are_read_from_the_address_as_ckan_writes_them(address, filters):
    assert current_view.filters_of(address) == filters


def test_an_address_may_say_everything_that_a_query_may():
    address = {
        "filters": "year:1901",
        "q": "owl",
        "sort": "year desc",
        "fields": "_id, year",
        "limit": "5",
        "offset": "2",
    }
    assert current_view.of_address(address) == {
        "filters": {"year": ["1901"]},
        "q": "owl",
        "sort": "year desc",
        "fields": ["_id", "year"],
        "limit": 5,
        "offset": 2,
    }


@pytest.mark.parametrize("text", ["many", "-1", "1.5", "٣"])
def test_a_limit_that_is_no_whole_number_is_named(text):
    with pytest.raises(BadQuery) as caught:
        current_view.of_address({"limit": text})
    assert caught.value.field == "limit"


def test_a_search_in_single_columns_is_an_object():
    assert current_view.of_address({"q": '{"country": "per:*"}'}) == {"q": {"country": "per:*"}}
    assert current_view.of_address({"q": "{broken"}) == {"q": "{broken"}


def test_a_view_brings_its_filters_and_columns():
    query = current_view.of_view(BRAZIL, {"q": "owl"}, COLUMNS)
    assert query == {"q": "owl", "filters": {"country": ["Brazil"]}, "fields": ["_id", "species", "year"]}


def test_a_column_that_the_view_and_the_visitor_filter_has_the_values_of_both_as_in_ckan():
    query = current_view.of_view(BRAZIL, {"filters": {"country": ["Peru"], "year": ["1901"]}}, COLUMNS)
    assert query["filters"] == {"country": ["Peru", "Brazil"], "year": ["1901"]}


def test_a_word_in_a_table_is_searched_as_the_beginning_of_words():
    query = current_view.of_table({}, {}, {"search": "Bates, H."}, COLUMNS)
    assert query == {"q": "Bates_H_:*", "plain": False, "language": "simple"}


def test_words_in_single_columns_replace_the_word_for_all():
    query = current_view.of_table({}, {}, {"search": "owl", "columns": {"country": "per", "year": ""}}, COLUMNS)
    assert query == {"q": {"country": "per:*"}, "plain": False, "language": "simple"}


def test_order_and_hidden_columns_count_in_the_columns_that_the_view_shows():
    state = {"order": [[2, "desc"], [1, "up"]], "hidden": [0]}
    query = current_view.of_table(BRAZIL, {}, state, COLUMNS)
    assert query["sort"] == "year desc,species asc"
    assert query["fields"] == ["species", "year"]


def test_a_table_that_nobody_touched_is_asked_for_as_a_whole():
    assert current_view.of_table({}, {}, {"search": "", "order": [[0, "asc"]], "hidden": []}, COLUMNS) == {}


@pytest.mark.parametrize(
    "state", [{"order": [[9, "asc"]]}, {"order": ["asc"]}, {"order": 3}, {"hidden": ["x"]}, {"columns": ["x"]}]
)
def test_a_state_that_is_none_is_refused(state):
    with pytest.raises(BadQuery, match="table"):
        current_view.of_table({}, {}, state, COLUMNS)


def test_each_part_can_be_taken_out():
    query = {
        "filters": {"country": ["Peru"], "a.b": ["c"]},
        "q": "x:*",
        "plain": False,
        "language": "simple",
        "limit": 5,
    }
    names = [name for name, _, _ in current_view.parts(query)]
    assert names == ["filters.country", "filters.a.b", "q", "limit"]
    for name in names:
        query = current_view.without(query, name)
    assert query == {}


def test_taking_out_one_word_of_several_keeps_how_the_others_are_searched():
    query = {"q": {"country": "per:*", "year": "19:*"}, "plain": False, "language": "simple"}
    assert current_view.without(query, "q.year") == {"q": {"country": "per:*"}, "plain": False, "language": "simple"}
    assert current_view.without(query, "q.nothing") == query
