"""No row is missing or too many without somebody hearing of it."""

import pytest

from demo.ckan import DemoCkan
from packager.errors import IncompleteData, NotPermitted
from packager.streaming.notes import Note
from packager.streaming.sources.completeness import Count, Window, reconcile, wished_limit
from packager.streaming.types import Query, Shape
from tests.engine.engine_ckan import body_of, ids_of, open_table, rows_of, searches, source, text_of


@pytest.fixture(params=["2.12", "2.11"])
def ckan(request):
    with DemoCkan(rows=400, profile=request.param) as running:
        yield running


@pytest.fixture
def new():
    with DemoCkan(rows=400) as running:
        yield running


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("status", {"status": 503}),
        ("status", {"status": 429, "retry_after": 0.01}),
        ("cut", {}),
        ("truncate", {}),
        ("malformed", {}),
        ("hang", {"seconds": 0.01}),
        ("empty", {}),
        ("short", {"rows": 3}),
    ],
)
def test_a_passing_fault_in_the_middle_is_overcome(ckan, kind, settings):
    table = open_table(ckan)
    ckan.faults.add(kind, after=4, **settings)
    assert text_of(table) == body_of(ckan, "specimens")
    assert not ckan.faults.waiting()


@pytest.mark.parametrize("kind", ["empty", "short"])
def test_a_page_that_stays_short_is_an_error(ckan, kind):
    table = source(ckan, connections=1).open(Query(ckan.id("specimens")), [Shape.CSV])
    ckan.faults.add(kind, after=4, times=2, rows=3)
    with pytest.raises(IncompleteData, match="expected 400 rows, received"):
        text_of(table)


def test_a_stale_total_neither_truncates_nor_fails_a_package(new):
    table = open_table(new, "stale_total")
    assert table.expected == 1000
    assert len(ids_of(table)) == 1000
    assert not table.notes


@pytest.mark.parametrize(("name", "limit"), [("stale_total", 500), ("small", 1000), ("empty", 0)])
def test_a_limit_that_is_the_total_which_ckan_claims_is_no_wish(new, name, limit):
    table = open_table(new, name, limit=limit)
    assert text_of(table) == body_of(new, name)


def test_a_package_with_more_rows_than_the_limit_says_why(new):
    table = open_table(new, "stale_total", limit=500)
    assert len(ids_of(table)) == 1000
    assert table.notes == (Note("limit_means_all", {"limit": 500}),)
    assert "The limit of 500 rows was a wrong total" in str(table.notes[0])


@pytest.mark.parametrize("limit", [1000, 499])
def test_a_limit_that_cuts_nothing_wrongly_needs_no_words(new, limit):
    table = open_table(new, "small", limit=limit)
    assert len(ids_of(table)) == limit
    assert not table.notes


def test_a_limit_below_the_total_is_a_wish(new):
    table = open_table(new, "stale_total", limit=499)
    assert table.expected == 499
    assert len(ids_of(table)) == 499


def test_limit_0_of_a_table_with_rows_asks_for_none(new):
    table = open_table(new, limit=0)
    assert (table.expected, text_of(table)) == (0, b"")
    assert not searches(new)


def test_rows_added_meanwhile_are_noted(ckan):
    table = open_table(ckan)
    ckan.faults.add("append", after=4, rows=5)
    assert ids_of(table)[:400] == list(range(1, 401))
    assert "400 rows at the start, 405 at the end" in str(table.notes[0])


def test_rows_deleted_meanwhile_are_noted(new):
    table = open_table(new)
    new.faults.add("delete", after=3, rows=1)
    rows = ids_of(table)
    assert rows[-1] == 400
    assert "400 rows at the start, 399 at the end" in str(table.notes[0])


def test_what_cannot_be_known_is_noted():
    assert "couldn't check that all of them arrived" in str(reconcile(Count(None), Count(None), Window(0, None), 7)[0])
    assert "only estimates" in str(reconcile(Count(7, estimated=True), Count(7), Window(0, None), 5)[0])


@pytest.mark.parametrize(
    ("before", "after", "offset", "limit", "got"),
    [(10, 10, 0, None, 10), (10, 12, 0, None, 11), (12, 10, 0, None, 10), (10, 10, 4, None, 6), (10, 10, 4, 3, 3)],
)
def test_rows_between_the_two_counts_are_whole(before, after, offset, limit, got):
    reconcile(Count(before), Count(after), Window(offset, limit), got)


@pytest.mark.parametrize(
    ("before", "after", "offset", "limit", "got"),
    [(10, 10, 0, None, 9), (10, 10, 0, None, 11), (10, 12, 0, None, 13), (10, 10, 4, None, 7), (10, 10, 0, 3, 4)],
)
def test_rows_outside_the_two_counts_are_an_error(before, after, offset, limit, got):
    with pytest.raises(IncompleteData):
        reconcile(Count(before), Count(after), Window(offset, limit), got)


@pytest.mark.parametrize(
    ("limit", "offset", "claimed", "wished"),
    [
        (None, 0, 9, None),
        (9, 0, 9, None),
        (4, 5, 9, None),
        (0, 0, 0, None),
        (0, 0, 9, 0),
        (5, 0, None, 5),
        (8, 0, 9, 8),
    ],
)
def test_which_limits_are_wishes(limit, offset, claimed, wished):
    assert wished_limit(limit, offset, claimed) == wished


def test_private_rows_come_with_the_key_alone(new):
    assert len(rows_of(source(new, key=new.token).open(Query(new.id("private")), [Shape.ROWS]))) == 1000
    with pytest.raises(NotPermitted):
        open_table(new, "private")
