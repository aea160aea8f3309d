"""Rows out of the datastore's database are those that CKAN gives, byte for byte, whatever was asked for."""

import pytest

from demo.ckan import DemoCkan
from packager.streaming.types import Query, Shape
from tests.engine.datastore_tables import beside, datastore, from_database, read
from tests.engine.engine_ckan import source

pytestmark = pytest.mark.postgres
NAMES = ("small", "awkward", "empty", "stale_total", "private")
QUERIES = {
    "all": {},
    "some columns in another order": {"fields": ("locality", "eventDate", "_id", "associatedMedia")},
    "a window": {"offset": 7, "limit": 345},
    "beyond the end": {"offset": 10**6},
    "no row at all": {"limit": 0},
    "the total that CKAN claims as limit": {"limit": 1000},
    "falling ids": {"sort": "_id desc"},
    "sorted": {"sort": "country desc, individualCount"},
    "sorted by a quoted name": {"sort": '"Taxon resource ID"', "limit": 20, "offset": 5},
    "equal": {"filters": {"country": "Brasil"}},
    "several values": {"filters": {"country": ["Brasil", "日本", ""], "isTypeSpecimen": True}},
    "numbers": {"filters": {"individualCount": [5, 7, "9"], "_id": list(range(500))}},
    "sorted and filtered": {
        "sort": "locality",
        "filters": {"basisOfRecord": "FossilSpecimen"},
        "fields": ("locality",),
    },
}
RANGES = {
    "a range": {"filters": {"_id": {"gt": 10, "lte": 50}, "individualCount": {"gte": 3}}},
    "one of several ranges": {"filters": {"_id": [{"lt": 5}, {"gte": 990}, 100, 101]}},
    "or": {"filters": {"$or": [{"country": "Brasil", "_id": {"lt": 300}}, {"individualCount": 7}]}},
    "and": {"filters": {"$and": [{"_id": {"gt": 9}}, {"_id": {"in": [5, 10, 15]}}, {"$or": [{"_id": 15}]}]}},
    "none of none": {"filters": {"country": []}},
    "a moment": {"filters": {"modified": {"lt": "2024-03-01T00:05:00"}}},
}


@pytest.fixture(scope="module", params=["2.12", "2.11"])
def site(request):
    """A CKAN and its database."""
    with DemoCkan(rows=1000, profile=request.param) as ckan, datastore() as made:
        for name in NAMES:
            made.hold(ckan, name)
        yield ckan, made


def both(site, name, shape, **query):
    """What comes out of the database, and what comes through the API."""
    ckan, made = site
    asked = Query(ckan.id(name), **query)
    ours = from_database(beside(ckan, made.url, key=ckan.token).open(asked, [shape]))
    theirs = source(ckan, key=ckan.token).open(asked, [shape])
    return ours, theirs


@pytest.mark.parametrize("shape", list(Shape))
@pytest.mark.parametrize("name", NAMES)
def test_whole_tables(site, name, shape):
    ours, theirs = both(site, name, shape)
    assert list(ours.fields) == list(theirs.fields)
    assert ours.expected == site[0].resources[name].table.rows
    assert read(ours) == read(theirs)


@pytest.mark.parametrize("shape", list(Shape))
@pytest.mark.parametrize("asked", QUERIES.values(), ids=QUERIES)
def test_parts_of_tables(site, asked, shape):
    ours, theirs = both(site, "small", shape, **asked)
    assert ours.expected == theirs.expected
    assert read(ours) == read(theirs)
    assert list(ours.notes) == list(theirs.notes)


@pytest.mark.parametrize("site", ["2.12"], indirect=True)
@pytest.mark.parametrize("asked", RANGES.values(), ids=RANGES)
def test_what_only_newer_ckans_can_filter(site, asked):
    ours, theirs = both(site, "small", Shape.CSV, **asked)
    assert ours.expected == theirs.expected
    assert read(ours) == read(theirs)


def test_a_limit_that_is_a_wrong_total_means_all(site):
    ours, theirs = both(site, "stale_total", Shape.CSV, limit=500)
    assert read(ours) == read(theirs)
    assert list(ours.notes) == list(theirs.notes)
    assert ours.expected == (1000 if site[0].profile == "2.12" else 500)
