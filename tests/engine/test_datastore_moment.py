"""A package out of the database is the table at one moment, however much is written meanwhile."""

import csv
import io
import json
import random
import threading

import psycopg2
import pytest

from packager.streaming.sources import datastore_copy
from packager.streaming.types import Query, Shape
from tests.engine.datastore_tables import beside, datastore, from_database
from tests.engine.live_ckan import LiveCkan

pytestmark = pytest.mark.postgres
ROWS, MOVED = 20_000, 50


class Writer(threading.Thread):
    """Moves amounts from row to row, and replaces rows, without pause; every commit leaves the sum as it was.

    ``sum`` is that of all amounts; ``state`` of the row with the least ``_id`` counts the commits.
    """

    def __init__(self, url):
        super().__init__(daemon=True)
        self._url, self._over, self.commits = url, threading.Event(), 0

    def run(self):
        connection = psycopg2.connect(self._url)
        chance = random.Random(7)
        with connection.cursor() as cursor:
            while not self._over.is_set():
                some = chance.sample(range(2, ROWS), 2 * MOVED)
                cursor.execute("UPDATE t SET amount = amount - 1 WHERE number = ANY(%s)", (some[:MOVED],))
                cursor.execute("UPDATE t SET amount = amount + 1 WHERE number = ANY(%s)", (some[MOVED:],))
                cursor.execute("DELETE FROM t WHERE number = ANY(%s) RETURNING number, amount, pad", (some[:9],))
                for row in cursor.fetchall():
                    cursor.execute("INSERT INTO t (number, amount, pad) VALUES (%s, %s, %s)", row)
                connection.commit()
                self.commits += 1
        connection.close()

    def stop(self):
        self._over.set()
        self.join()


@pytest.fixture(scope="module")
def made():
    with datastore() as made:
        made.do('CREATE TABLE "t" (_id serial PRIMARY KEY, _full_text tsvector, number int, amount int, pad text)')
        made.do('CREATE UNIQUE INDEX ON "t" (number)')
        made.do(
            f"INSERT INTO t (number, amount, pad) SELECT n, 100, repeat('x', 300) FROM generate_series(1, {ROWS}) n"
        )
        yield made


QUERIES = {
    "ranges side by side": Query("t"),
    "sorted by what changes": Query("t", sort="amount desc"),
    "filtered": Query("t", filters={"number": {"gte": 1}}),
}


@pytest.mark.parametrize("shape", [Shape.CSV, Shape.OBJECTS])
@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_all_rows_are_of_one_moment(made, monkeypatch, query, shape):
    # small pieces, so that writing goes on between them
    monkeypatch.setattr(datastore_copy, "RANGE", 1 << 18)
    monkeypatch.setattr(datastore_copy, "ROOM", 1 << 18)
    monkeypatch.setattr(datastore_copy, "BLOCK", 1 << 14)
    writer = Writer(made.own_url)
    with LiveCkan(made.own_url) as ckan:
        writer.start()
        try:
            source = beside(ckan, made.url)
            found = _numbers(from_database(source.open(query, [shape])), writer)
        finally:
            writer.stop()
    assert sorted(number for number, _ in found) == list(range(1, ROWS + 1))
    assert sum(amount for _, amount in found) == 100 * ROWS


def _numbers(table, writer):
    """Number and amount of each row, read while at least twenty commits are made."""
    begun, pages = writer.commits, table.pages()
    found = [_read(table.shape, next(pages))]
    while writer.commits < begun + 20:
        assert writer.is_alive()
    found += [_read(table.shape, page) for page in pages]
    return [pair for part in found for pair in part]


def _read(shape, page):
    if shape is Shape.CSV:
        text = io.StringIO(b"".join(page.chunks).decode(), newline="")
        return [(int(row[1]), int(row[2])) for row in csv.reader(text)]
    return [(row["number"], row["amount"]) for row in map(json.loads, page.rows)]
