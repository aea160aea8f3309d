"""The traps of a real CKAN, as the stand-in lays them."""

import json
import urllib.error
import urllib.request

import pytest

from demo.ckan import DemoCkan


def ask(ckan, name="specimens", token=None, **parameters):
    """Status and parsed answer of ``datastore_search``."""
    body = json.dumps({"resource_id": ckan.id(name), **parameters}).encode()
    headers = {"Content-Type": "application/json"} | ({"Authorization": token} if token else {})
    try:
        with urllib.request.urlopen(urllib.request.Request(ckan.api_url, body, headers)) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def result(ckan, name="specimens", **parameters):
    """The ``result`` of an answer that is a success."""
    status, answer = ask(ckan, name, **parameters)
    assert status == 200, answer
    return answer["result"]


@pytest.fixture(scope="module")
def ckan():
    with DemoCkan(rows=10_000, rows_max=700) as running:
        yield running


@pytest.fixture(scope="module")
def old_ckan():
    with DemoCkan(rows=100, profile="2.11") as running:
        yield running


def test_a_limit_above_the_largest_page_is_lowered_and_the_answer_says_so(ckan):
    answer = result(ckan, limit=5000)
    assert answer["limit"] == 700
    assert [row["_id"] for row in answer["records"]] == list(range(1, 701))


def test_next_page_leads_through_every_row_once(ckan):
    filters, seen = {}, []
    while rows := (answer := result(ckan, limit=700, filters=filters, fields="_id", include_next_page=True))["records"]:
        seen += [row["_id"] for row in rows]
        filters = answer["next_page"]
    assert seen == list(range(1, 10_001))
    assert "next_page" not in answer


def test_a_sort_by_another_column_has_no_next_page(ckan):
    assert "next_page" not in result(ckan, sort="country", include_next_page=True)
    assert result(ckan, sort="_id desc", limit=1, include_next_page=True)["next_page"] == {"_id": {"lt": 10_000}}


def test_pages_sorted_by_a_column_with_equals_overlap_unless_the_id_settles_them(ckan):
    def pages(sort):
        return [row[0] for at in (0, 500) for row in search(sort, at)["records"]]

    def search(sort, at):
        return result(ckan, "small", sort=sort, limit=500, offset=at, fields=["_id"], records_format="lists")

    assert sorted(pages("country, _id")) == list(range(1, 1001))
    assert sorted(pages("country")) != list(range(1, 1001))


def test_the_stored_total_may_be_wrong_and_a_filter_has_it_counted(ckan):
    assert result(ckan, "stale_total", limit=0)["total"] == 500
    assert result(ckan, "stale_total", limit=0, filters={"_id": {"gt": 0}})["total"] == 1000
    assert "total" not in result(ckan, limit=0, include_total=False)


def test_a_full_text_search_adds_a_rank_and_cannot_give_lists(ckan):
    answer = result(ckan, q="bombus", limit=1)
    assert list(answer["records"][0])[-1] == "rank"
    assert answer["fields"][-1] == {"id": "rank", "type": "float"}
    assert "Bombus" in answer["records"][0]["scientificName"]
    assert ask(ckan, q="bombus", records_format="lists")[0] == 409


def test_a_full_text_search_sorts_by_rank_and_pages_unstably_unless_sorted_otherwise(ckan):
    total = result(ckan, "small", q="linnaeus", limit=0)["total"]
    half = total // 2 + 1

    def found(**how):
        pages = [result(ckan, "small", q="linnaeus", limit=half, offset=at, **how)["records"] for at in (0, half)]
        return pages[0] + pages[1]

    ranks = [row["rank"] for row in found()]
    assert ranks == sorted(ranks, reverse=True)
    assert len({row["_id"] for row in found()}) < total
    assert len({row["_id"] for row in found(sort="_id")}) == total


def test_csv_tells_null_from_empty_and_writes_json_null_as_text(ckan):
    one = {"filters": {"_id": 1}, "fields": ["text", "json", "flag", "moment"], "records_format": "csv"}
    assert result(ckan, "awkward", **one)["records"] == '"",null,t,1753-01-01T00:00:00.000\n'
    three = {"filters": {"_id": 3}, "fields": ["number", "float", "whole", "flag", "moment"], "records_format": "csv"}
    assert result(ckan, "awkward", **three)["records"] == "-0.000000001,-1e-07,0,,\n"


def test_every_format_tells_the_same(ckan):
    objects = result(ckan, "awkward", limit=99)["records"]
    lists = result(ckan, "awkward", limit=99, records_format="lists")["records"]
    assert [list(row.values()) for row in objects] == lists


def test_rows_do_not_depend_on_how_they_are_asked_for(ckan):
    def texts(**how):
        return result(ckan, records_format="csv", **how)["records"]

    assert texts(limit=3, offset=7000) == texts(filters={"_id": [7001, 7002, 7003]})
    assert texts(limit=3, offset=7000) == texts(filters={"$and": [{"_id": {"gt": 7000}}, {"_id": {"lte": 7003}}]})


def test_private_data_needs_the_token_and_a_wrong_one_is_anonymous(ckan):
    assert ask(ckan, "private")[0] == 403
    assert ask(ckan, "private", token="wrong")[0] == 403
    assert ask(ckan, "private", token=ckan.token)[0] == 200
    assert ask(ckan, "small", token="wrong")[0] == 200


@pytest.mark.parametrize(
    ("parameters", "status"),
    [({"resource_id": "nope"}, 404), ({"filters": {"zz": 1}}, 409), ({"sort": "zz"}, 409), ({"limit": -1}, 409)],
)
def test_what_ckan_refuses_is_refused(ckan, parameters, status):
    code, answer = ask(ckan, **parameters)
    assert (code, answer["success"]) == (status, False)
    assert answer["error"]["__type"]


def test_an_empty_resource_has_columns_and_no_rows(ckan):
    answer = result(ckan, "empty", records_format="csv")
    assert (answer["records"], answer["total"], len(answer["fields"])) == ("", 0, 18)


def test_an_old_ckan_knows_neither_ranges_nor_next_page(old_ckan):
    ranged = {"filters": {"_id": {"gt": 5}}}
    assert ask(old_ckan, **ranged)[0] == 409
    assert ask(old_ckan, records_format="csv", **ranged)[0] == 500
    assert ask(old_ckan, include_next_page=True)[0] == 409
    assert result(old_ckan, limit=1)["records"][0]["modified"] == "2024-02-29T23:59:59"


@pytest.mark.parametrize("sort", [{}, {"sort": "country desc"}])
@pytest.mark.parametrize(
    ("profile", "asked", "answered"), [("solr", "cursor", "next_cursor"), ("versioned-datastore", "after", "after")]
)
def test_the_museums_datastores_page_by_cursor_and_give_objects_only(profile, asked, answered, sort):
    with DemoCkan(rows=250, profile=profile) as ckan:
        cursor, seen = {"cursor": "*"} if asked == "cursor" else {}, []
        while rows := (answer := result(ckan, limit=100, records_format="csv", **sort, **cursor))["records"]:
            assert answer["_backend"] == profile
            seen += [row["_id"] for row in rows]
            cursor = {asked: answer[answered]}
    assert sorted(seen) == list(range(1, 251))
    assert (seen == sorted(seen)) == (not sort)
