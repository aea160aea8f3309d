"""The stand-in's tables in a real PostgreSQL, made as CKAN makes them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg2
from psycopg2 import sql

from demo.ckan import DemoCkan
from packager.streaming.sources.base import Table
from packager.streaming.sources.datastore import DatastoreSource
from packager.streaming.sources.datastore_connection import Limits
from packager.streaming.sources.datastore_copy import DatastoreTable
from packager.streaming.types import Shape
from tests.engine.engine_ckan import source
from tests.processes.installation import POSTGRES, need

HERE = POSTGRES.rpartition("@")[2]
#: The role that may only read, as CKAN's ``datastore_default``; its name and the database's are those of the test.
PREPARED = """
CREATE TYPE "nested" AS (json json, extra text);
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE ROLE {role} LOGIN;
GRANT USAGE ON SCHEMA public TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {role};
"""
TYPES = {"int": "serial PRIMARY KEY", "json": "nested"}


class Datastore:
    """A datastore database: ``url`` is the address of the role that may only read."""

    def __init__(self, name: str) -> None:
        self.role = f"{name}_reader"
        self.own_url = f"{POSTGRES}/{name}"
        self.url = f"postgresql://{self.role}@{HERE}/{name}"

    def do(self, statement: str | sql.Composable, rows: Sequence[Sequence[object]] | None = None) -> None:
        """Execute as the owner; once for each of ``rows``."""
        connection = psycopg2.connect(self.own_url)
        try:
            with connection, connection.cursor() as cursor:
                if rows is None:
                    cursor.execute(statement)
                else:
                    cursor.executemany(statement, rows)
        finally:
            connection.close()

    def make(self, table: str, columns: str) -> None:
        """A table with these columns, and those that CKAN adds."""
        whole = f"CREATE TABLE {{}} (_id serial PRIMARY KEY, _full_text tsvector, {columns.replace('{', '{{')})"
        self.do(sql.SQL(whole.replace("}}", "}")).format(sql.Identifier(table)))

    def hold(self, ckan: DemoCkan, name: str) -> None:
        """The table of one of the stand-in's resources, row for row."""
        table, resource = ckan.resources[name].table, sql.Identifier(ckan.id(name))
        columns = [sql.SQL("{} " + TYPES.get(c.type, c.type)).format(sql.Identifier(c.name)) for c in table.columns]
        columns.insert(1, sql.SQL("_full_text tsvector"))
        self.do(sql.SQL("CREATE TABLE {} ({})").format(resource, sql.SQL(", ").join(columns)))
        names = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
        places = sql.SQL(", ".join("ROW(%s, NULL)::nested" if c.type == "json" else "%s" for c in table.columns))
        rows = [
            [json.dumps(v) if c.type == "json" else v for c, v in zip(table.columns, table.row(n), strict=True)]
            for n in range(1, table.rows + 1)
        ]
        # CKAN stores no row for a null of a JSON column
        self.do(sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(resource, names, places), rows)
        self.do(sql.SQL("UPDATE {} SET _full_text = to_tsvector(({})::text)").format(resource, names))


@contextmanager
def datastore() -> Iterator[Datastore]:
    """A new datastore, whose texts are sorted by their bytes, as the stand-in sorts them."""
    need(lambda: psycopg2.connect(f"{POSTGRES}/postgres").close(), "PostgreSQL on 127.0.0.1:5432")
    name = f"datastore_{uuid.uuid4().hex[:12]}"
    server = psycopg2.connect(f"{POSTGRES}/postgres")
    server.autocommit = True
    cursor = server.cursor()
    cursor.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8' TEMPLATE template0")
    made = Datastore(name)
    try:
        made.do(PREPARED.format(role=made.role))
        yield made
    finally:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
        cursor.execute(f"DROP ROLE IF EXISTS {made.role}")
        server.close()


def beside(ckan: DemoCkan, url: str, **settings) -> DatastoreSource:
    """A source of the stand-in that reads its tables from the database at ``url``."""
    given = {"limits": Limits(5, 10, 30), "cursors": 2, **settings}
    limits = given.pop("limits")
    key = given.pop("key", None)
    return DatastoreSource(source(ckan, key=key), url, limits, **given)


def read(table: Table) -> list:
    """All that a table brings: its text, or its rows."""
    if table.shape in (Shape.CSV, Shape.TSV):
        return [b"".join(chunk for page in table.pages() for chunk in page.chunks)]
    return [row for page in table.pages() for row in page.rows]


def from_database(table: Table) -> Table:
    """The same table; fails if its rows come through the API."""
    assert isinstance(table, DatastoreTable), "read through the API"
    return table
