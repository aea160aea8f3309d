"""CKAN decides who may read: without its word the database is not even asked."""

import socket
import threading

import pytest

from demo.ckan import DemoCkan
from packager.errors import NotPermitted, QueryRejected, ResourceNotFound, SourceUnreachable
from packager.streaming.types import Query, Shape
from tests.engine.datastore_tables import beside


@pytest.fixture
def ckan():
    with DemoCkan(rows=10) as running:
        yield running


@pytest.fixture
def knocks():
    """Where a database could be: its address, and who connected."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        seen = []

        def listen():
            while True:
                try:
                    seen.append(server.accept())
                except OSError:
                    return

        threading.Thread(target=listen, daemon=True).start()
        yield f"postgresql://reader@127.0.0.1:{server.getsockname()[1]}/datastore", seen


@pytest.mark.parametrize("key", [None, "not the key"])
def test_without_the_right_the_database_is_not_asked(ckan, knocks, key):
    url, seen = knocks
    with pytest.raises(NotPermitted):
        beside(ckan, url, key=key).open(Query(ckan.id("private")), [Shape.CSV])
    assert seen == []


@pytest.mark.parametrize(
    ("query", "error"),
    [
        (Query("no-such-resource"), ResourceNotFound),
        (Query("pg_authid"), ResourceNotFound),
        (Query("", filters={"nonsense": 1}), QueryRejected),
        (Query("", sort="nonsense"), QueryRejected),
    ],
    ids=["resource", "catalogue", "filter", "sort"],
)
def test_what_ckan_refuses_is_refused_as_without_a_database(ckan, knocks, query, error):
    url, seen = knocks
    asked = query if query.resource_id else Query(ckan.id("small"), filters=query.filters, sort=query.sort)
    with pytest.raises(error):
        beside(ckan, url).open(asked, [Shape.CSV])
    assert seen == []


def test_while_ckan_is_away_there_is_no_data(ckan, knocks):
    url, seen = knocks
    source = beside(ckan, url)
    ckan.close()
    with pytest.raises(SourceUnreachable):
        source.open(Query(ckan.id("small")), [Shape.CSV])
    assert seen == []


def test_ckan_may_be_asked_alone_whether_it_still_allows_it(ckan, knocks):
    url, seen = knocks
    asked = Query(ckan.id("private"))
    beside(ckan, url, key=ckan.token).check(asked)
    with pytest.raises(NotPermitted):
        beside(ckan, url).check(asked)
    assert seen == []
