"""A database of PostgreSQL as CKAN prepares its DataStore's, with one table, ``r-1``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2

from tests.processes.installation import postgres_database

#: What ``ckan datastore set-permissions`` makes, as far as it matters here.
PREPARED = r"""
CREATE FUNCTION populate_full_text_trigger() RETURNS trigger AS $body$
    BEGIN
        IF NEW._full_text IS NOT NULL THEN RETURN NEW; END IF;
        NEW._full_text := (SELECT to_tsvector(string_agg(value, ' ')) FROM json_each_text(row_to_json(NEW.*))
            WHERE key NOT LIKE '\_%');
        RETURN NEW;
    END;
$body$ LANGUAGE plpgsql;
CREATE TABLE "_table_stats" (resource_id name PRIMARY KEY, stats jsonb NOT NULL);
INSERT INTO "_table_stats" VALUES ('r-1', '{"rows": 1}');
CREATE TABLE "r-1" (_id serial PRIMARY KEY, _full_text tsvector, old text);
CREATE INDEX "a" ON "r-1" USING gist (_full_text);
CREATE INDEX "b" ON "r-1" USING gist (to_tsvector('english', old));
CREATE TRIGGER zfulltext BEFORE INSERT OR UPDATE ON "r-1" FOR EACH ROW EXECUTE PROCEDURE populate_full_text_trigger();
CREATE VIEW "sightings" AS SELECT * FROM "r-1";
INSERT INTO "r-1" (old) VALUES ('old row');
"""


@contextmanager
def datastore_database() -> Iterator[str]:
    """Its address."""
    with postgres_database() as address:
        ask(address, PREPARED)
        yield address


def ask(address: str, query: str) -> list[tuple[Any, ...]]:
    """What the database answers."""
    with closing(psycopg2.connect(address)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall() if cursor.description else []
