"""What is not certain to come out the same is read through the API, and the log says why, without the address."""

import logging

import psycopg2
import pytest

from demo import actions
from demo.ckan import DemoCkan
from packager.streaming.sources.ckan import CkanTable
from packager.streaming.sources.datastore_connection import Limits
from packager.streaming.types import Query, Shape
from tests.engine.datastore_tables import beside, datastore, from_database, read
from tests.engine.engine_ckan import source

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def made():
    """A datastore with the thousand specimens of every stand-in, and its other tables."""
    with DemoCkan() as ckan, datastore() as made:
        for name in ("small", "empty"):
            made.hold(ckan, name)
        made.do(f'CREATE VIEW "{ckan.id("awkward")}" AS SELECT 1 AS _id')
        yield made


@pytest.fixture
def ckan():
    with DemoCkan() as running:
        yield running


def reason(caplog, ckan, url, name="small", **query):
    """Why the rows came through the API; they must be those of the API."""
    caplog.set_level(logging.INFO, "packager.streaming.sources.datastore")
    asked = Query(ckan.id(name), **query)
    table = beside(ckan, url).open(asked, [Shape.CSV])
    assert isinstance(table, CkanTable)
    assert read(table) == read(source(ckan).open(asked, [Shape.CSV]))
    (record,) = caplog.records
    return record.getMessage()


def test_a_database_that_is_away(caplog, ckan):
    said = reason(caplog, ckan, "postgresql://reader:very-secret@127.0.0.1:9/datastore")
    assert said.endswith("not from the database: the database cannot be used (OperationalError).")
    assert "secret" not in said
    assert "127.0.0.1" not in said


@pytest.mark.parametrize("url", ["nonsense", "postgresql://host:port/x", "mysql://127.0.0.1/x"])
def test_an_address_that_is_none(caplog, ckan, url):
    assert "the database cannot be used" in reason(caplog, ckan, url)


def test_a_role_without_the_right(caplog, ckan, made):
    made.do(f'REVOKE ALL ON "{ckan.id("small")}" FROM {made.role}')
    try:
        assert "(InsufficientPrivilege)" in reason(caplog, ckan, made.url)
    finally:
        made.do(f'GRANT SELECT ON "{ckan.id("small")}" TO {made.role}')


def test_a_table_that_the_database_does_not_have(caplog, ckan, made):
    assert "(UndefinedTable 42P01)" in reason(caplog, ckan, made.url, "stale_total")


def test_a_view(caplog, ckan, made):
    assert "no ordinary table" in reason(caplog, ckan, made.url, "awkward")


def test_rows_that_a_policy_hides(caplog, ckan, made):
    made.do(f'ALTER TABLE "{ckan.id("small")}" ENABLE ROW LEVEL SECURITY')
    try:
        assert "no ordinary table" in reason(caplog, ckan, made.url)
    finally:
        made.do(f'ALTER TABLE "{ckan.id("small")}" DISABLE ROW LEVEL SECURITY')


def test_a_table_that_somebody_locks(caplog, ckan, made):
    caplog.set_level(logging.INFO)
    other = psycopg2.connect(made.own_url)
    other.cursor().execute(f'LOCK TABLE "{ckan.id("small")}"')
    table = beside(ckan, made.url, limits=Limits(0.1, 10, 30)).open(Query(ckan.id("small")), [Shape.CSV])
    other.close()
    assert isinstance(table, CkanTable)
    assert "(LockNotAvailable)" in caplog.text


def test_a_column_that_ckan_does_not_tell_of(caplog, ckan, made):
    made.do(f'ALTER TABLE "{ckan.id("empty")}" ADD COLUMN "new" text')
    try:
        assert "are not those of the table" in reason(caplog, ckan, made.url, "empty")
    finally:
        made.do(f'ALTER TABLE "{ckan.id("empty")}" DROP COLUMN "new"')


def test_a_type_that_may_print_in_another_way(caplog, ckan, made):
    made.do(f'ALTER TABLE "{ckan.id("empty")}" ADD COLUMN "since" timestamptz')
    try:
        assert "'since' has the type timestamptz" in reason(caplog, ckan, made.url, "empty")
    finally:
        made.do(f'ALTER TABLE "{ckan.id("empty")}" DROP COLUMN "since"')


def test_rows_that_are_not_those_of_ckan(caplog, ckan, made):
    made.do(f"UPDATE \"{ckan.id('small')}\" SET country = country || '!' WHERE _id = 3")
    try:
        assert "the rows that CKAN gives are not those of the database" in reason(caplog, ckan, made.url)
    finally:
        made.do(f'UPDATE "{ckan.id("small")}" SET country = left(country, -1) WHERE _id = 3')


def test_a_search_in_a_language_that_is_not_the_sites(caplog, ckan, made):
    # the stand-in does not stem; the database, asked in English, does
    assert "the rows that CKAN gives" in reason(caplog, ckan, made.url, q="roadsides")


def test_a_search_of_single_columns(caplog, ckan, made):
    assert "single columns" in reason(caplog, ckan, made.url, q={"locality": "roadside"})


def shown(monkeypatch, **changed):
    """Have the stand-in say something else of itself."""
    usual = actions.SHOWN["status_show"]
    monkeypatch.setitem(actions.SHOWN, "status_show", lambda *given: {**usual(*given), **changed})


@pytest.mark.parametrize("version", ["2.10.7", "2.13.0a0", "3.0", None, "", "nightly"])
def test_a_version_that_nobody_has_looked_at(caplog, ckan, made, monkeypatch, version):
    shown(monkeypatch, ckan_version=version)
    assert "the version of CKAN is" in reason(caplog, ckan, made.url)


def test_plugins_that_may_change_queries(caplog, ckan, made, monkeypatch):
    shown(monkeypatch, extensions=["datastore", "row_policy", "xloader", "secrets"])
    assert "plugins of CKAN may change queries: row_policy, secrets." in reason(caplog, ckan, made.url)


def test_plugins_that_the_operator_vouches_for(ckan, made, monkeypatch):
    shown(monkeypatch, extensions=["datastore", "row_policy"])
    source = beside(ckan, made.url, harmless_plugins=["row_policy"])
    from_database(source.open(Query(ckan.id("small")), [Shape.CSV])).close()


def test_a_ckan_that_does_not_speak_of_itself(caplog, ckan, made):
    ckan.faults.add("status", path="status_show", status=403)
    assert "does not tell its version" in reason(caplog, ckan, made.url)


def test_another_kind_of_datastore(caplog, made):
    with DemoCkan(profile="versioned-datastore") as ckan:
        caplog.set_level(logging.INFO)
        table = beside(ckan, made.url).open(Query(ckan.id("small")), [Shape.ROWS])
        assert isinstance(table, CkanTable)
        assert "not kept by CKAN's own datastore" in caplog.text


def test_nothing_is_said_where_nothing_stands_in_the_way(caplog, ckan, made):
    caplog.set_level(logging.INFO, "packager.streaming.sources.datastore")
    from_database(beside(ckan, made.url).open(Query(ckan.id("small")), [Shape.CSV])).close()
    assert caplog.records == []
