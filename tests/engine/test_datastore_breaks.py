"""When the database goes away in the middle, the build fails, to be tried again; no half package comes out."""

import threading
import time

import psycopg2
import pytest

from packager.errors import DatastoreUnreachable, IncompleteData, SourceError
from packager.streaming.sources import datastore_copy
from packager.streaming.sources.datastore_connection import Limits
from packager.streaming.types import Query, Shape
from tests.engine.datastore_tables import beside, datastore, from_database
from tests.engine.live_ckan import LiveCkan

pytestmark = pytest.mark.postgres
ROWS = 60_000
TERMINATE = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'packaging-portal'
"""


@pytest.fixture(scope="module")
def made():
    """A datastore with a table too large to lie in any buffer."""
    with datastore() as made:
        made.do('CREATE TABLE "t" (_id serial PRIMARY KEY, _full_text tsvector, word text)')
        made.do(f"INSERT INTO t (word) SELECT repeat(md5(n::text), 20) FROM generate_series(1, {ROWS}) AS n")
        yield made


@pytest.fixture
def ckan(made):
    with LiveCkan(made.own_url) as running:
        yield running


def connections(made):
    connection = psycopg2.connect(made.own_url)
    cursor = connection.cursor()
    cursor.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND application_name = 'packaging-portal'"
    )
    found = cursor.fetchone()[0]
    connection.close()
    return found


def opened(ckan, made, shape=Shape.CSV, **settings):
    query = settings.pop("query", Query("t"))
    return from_database(beside(ckan, made.url, **settings).open(query, [shape]))


@pytest.mark.parametrize("query", [Query("t"), Query("t", sort="word")], ids=["ranges", "one cursor"])
def test_a_connection_that_breaks_fails_the_build_for_now(ckan, made, monkeypatch, query):
    monkeypatch.setattr(datastore_copy, "ROOM", 1 << 20)
    pages = opened(ckan, made, query=query).pages()
    next(pages)
    made.do(TERMINATE)
    with pytest.raises(DatastoreUnreachable) as raised:
        list(pages)
    assert raised.value.retryable
    assert "127.0.0.1" not in str(raised.value)


def test_a_statement_that_takes_too_long_fails_the_build_for_now(ckan, made):
    table = opened(ckan, made, query=Query("t", sort="word"))
    table._session._limits = Limits(5, 10, 0.01)
    with pytest.raises(DatastoreUnreachable) as raised:
        list(table.pages())
    assert raised.value.retryable


def test_a_database_that_falls_silent_fails_the_build_for_now(ckan, made, monkeypatch):
    table = opened(ckan, made, limits=Limits(5, 0.3, 30))
    silent = threading.Event()
    monkeypatch.setattr(datastore_copy.Session, "copy", lambda *_: silent.wait(5))
    with pytest.raises(DatastoreUnreachable):
        list(table.pages())
    silent.set()


def test_rows_that_are_missing_are_noticed(ckan, made, monkeypatch):
    table = opened(ckan, made)
    monkeypatch.setattr(datastore_copy, "_Sink", lambda *given: _Lossy(*given))
    with pytest.raises(IncompleteData):
        list(table.pages())


class _Lossy(datastore_copy._Sink):
    def write(self, row):
        if row[0] != 49:  # ids that begin with 1
            super().write(row)


@pytest.mark.parametrize("query", [Query("t"), Query("t", sort="word")], ids=["ranges", "one cursor"])
def test_a_reader_that_stops_leaves_no_connection(ckan, made, query):
    table = opened(ckan, made, query=query)
    pages = table.pages()
    next(pages)
    pages.close()
    wait(lambda: connections(made) == 0)


def test_a_source_that_is_closed_wakes_who_waits_for_it(ckan, made):
    source = beside(ckan, made.url)
    table = source.open(Query("t"), [Shape.CSV])
    pages = table.pages()
    next(pages)
    threading.Timer(0.1, source.close).start()
    slowly = (time.sleep(0.05) for _ in pages)
    with pytest.raises(SourceError):
        list(slowly)
    wait(lambda: connections(made) == 0)


def test_a_source_that_is_closed_opens_nothing_any_more(ckan, made):
    source = beside(ckan, made.url)
    source.close()
    with pytest.raises(SourceError):
        source.open(Query("t"), [Shape.CSV])
    assert connections(made) == 0


def test_a_table_that_was_only_looked_at_leaves_no_connection(ckan, made):
    opened(ckan, made).close()
    wait(lambda: connections(made) == 0)


def wait(done):
    for _ in range(500):
        if done():
            return
        time.sleep(0.01)
    raise AssertionError("still not so after five seconds")


def test_what_lies_unread_stays_bounded(ckan, made):
    table = opened(ckan, made, shape=Shape.OBJECTS)
    pages = table.pages()
    next(pages)
    time.sleep(0.5)
    assert table._lanes._size < datastore_copy.ROOM + 2 * datastore_copy.BLOCK
    assert sum(page.count for page in pages) < ROWS
