"""Rows from next to CKAN: straight out of its datastore's database, where CKAN allows them."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from psycopg2 import sql

from packager.errors import SourceError
from packager.streaming.sources.base import Table
from packager.streaming.sources.ckan import CkanSource
from packager.streaming.sources.ckan_response import Answer
from packager.streaming.sources.completeness import Window, wished_limit
from packager.streaming.sources.datastore_connection import Database, Limits, Session
from packager.streaming.sources.datastore_copy import WHOLE, DatastoreTable, Extent, Plan
from packager.streaming.sources.datastore_judge import OPERATORS, Judge, columns_of
from packager.streaming.sources.datastore_sql import Dialect, Relation, Select, Unsure, check_types
from packager.streaming.sources.row_ids import ID
from packager.streaming.types import Field, Query, Shape

log = logging.getLogger(__name__)

#: Rows that CKAN and the database are compared by, and times that they are, since somebody may write in between.
SAMPLE, TRIES = 10, 6
#: Bytes that a row is taken to have where none was seen, and how much more it has as JSON.
USUAL_WIDTH, JSON_WIDTH = 500.0, 1.6
_IN_ORDER = frozenset({None, "", ID, f"{ID} asc"})

_COLUMNS = """
    SELECT c.relkind::text, c.relrowsecurity, current_setting('server_encoding'), a.attname::text, t.typname::text
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
    WHERE c.oid = to_regclass(quote_ident(%s)) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""


class DatastoreSource:
    """Reads resources of a CKAN from its datastore's database, and through ``api`` what is not certain to be the same.

    CKAN decides who may read what: before the database is asked for anything, ``datastore_search`` must allow the query
    with the key that came with it.

    Args:
        api: the same CKAN, through its API.
        url: ``postgresql://...``, best as a role that may do nothing but read.
        limits: how long to wait for the database.
        cursors: the most connections for one table.
        harmless_plugins: plugins of that CKAN, beside its own, that leave queries alone.
    """

    def __init__(
        self, api: CkanSource, url: str, limits: Limits, *, cursors: int = 2, harmless_plugins: Collection[str] = ()
    ) -> None:
        self._api, self._url, self._limits = api, url, limits
        self._cursors = min(cursors, _cores())
        self._harmless = harmless_plugins
        self._databases: list[Database] = []
        self._closed = False

    def open(self, query: Query, shapes: Sequence[Shape]) -> Table:
        """See ``TableSource.open``."""
        database = Database(self._url, self._limits)
        self._databases.append(database)
        client = self._api.client()
        try:
            judge = Judge(client, self._api.url, query, self._harmless)
            answer = judge.ask()
            try:
                return self._open(database, judge, answer, query, shapes[0])
            except (Unsure, SourceError) as reason:
                database.close()
                why = reason if isinstance(reason, Unsure) else f"the database cannot be used ({reason.detail})"
            except BaseException:
                database.close()
                raise
            log.info("Resource %s is read through the API, not from the database: %s.", query.resource_id, why)
        finally:
            client.close()
        if self._closed:
            raise SourceError("closed while it was read")
        return self._api.open(query, shapes)

    def check(self, query: Query) -> None:
        """See ``Guarded.check``."""
        client = self._api.client()
        try:
            Judge(client, self._api.url, query, self._harmless).ask()
        finally:
            client.close()

    def describe(self, resource_id: str) -> Mapping[str, object]:
        """See ``Describes.describe``."""
        return self._api.describe(resource_id)

    def close(self) -> None:
        """See ``TableSource.close``."""
        self._closed = True
        self._api.close()
        for database in tuple(self._databases):
            database.close()

    def _open(self, database: Database, judge: Judge, answer: Answer, query: Query, shape: Shape) -> DatastoreTable:
        if answer.backend is not None:
            raise Unsure("its rows are not kept by CKAN's own datastore")
        version = judge.version()
        session = database.begin()
        found = _Comparison(judge, session, answer, query, version).agreed()
        window = Window(query.offset, wished_limit(query.limit, query.offset, answer.count))
        extent = Extent(*session.ask(found.select.extent(window))[0])
        by_ranges = window == WHOLE and query.sort in _IN_ORDER and not query.filters and not query.q
        width = found.width * (1 if shape in (Shape.CSV, Shape.TSV) else JSON_WIDTH)
        plan = Plan(found.select, shape, window, extent, by_ranges, width)
        return DatastoreTable(
            database, session, plan, found.fields, limit=query.limit, cursors=self._cursors, silence=self._limits.ask
        )


@dataclass(frozen=True, slots=True)
class _Agreement:
    """What CKAN and the database have in common; ``width``: bytes of a row."""

    select: Select
    fields: Sequence[Field]
    width: float


class _Comparison:
    """Whether the database, asked as CKAN asks it, gives what CKAN gives."""

    def __init__(self, judge: Judge, session: Session, answer: Answer, query: Query, version: tuple[int, int]) -> None:
        self._judge, self._session, self._answer = judge, session, answer
        self._query, self._version = query, version

    def agreed(self) -> _Agreement:
        """How to ask, in a snapshot whose first rows are those that CKAN gives. Raises Unsure if there is none."""
        for _ in range(TRIES):
            found = self._tried()
            if found is not None:
                return found
            self._session.begin()
        raise Unsure("the rows that CKAN gives are not those of the database")

    def _tried(self) -> _Agreement | None:
        relation = self._relation()
        fields = columns_of(self._answer, self._query, dict(relation.types))
        names = [field.name for field in fields]
        milliseconds = self._milliseconds(relation, names)
        dialect = Dialect(bool(milliseconds), self._version >= OPERATORS)
        select = Select(relation, names, self._query, dialect)
        # in the order of ids: in that of a column which changes, the first rows would hardly be the same twice
        sample = Select(relation, names, replace(self._query, sort=None), dialect)
        ours = self._session.text(sample.copy(Shape.CSV, Window(0, SAMPLE)))
        if milliseconds is None or ours != self._judge.rows(names, SAMPLE) or not self._counts(select):
            return None
        rows = self._session.ask(sample.extent(Window(0, SAMPLE)))[0][0]
        return _Agreement(select, fields, len(ours) / rows if rows else USUAL_WIDTH)

    def _relation(self) -> Relation:
        # locked before anything is read: a snapshot from before a table was rewritten would show it empty
        name = sql.Identifier(self._query.resource_id)
        self._session.do(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(name))
        rows = self._session.ask(_COLUMNS, (self._query.resource_id,))
        if not rows or rows[0][:3] != ("r", False, "UTF8"):
            raise Unsure("it is no ordinary table of a UTF-8 database")
        types = {row[3]: row[4] for row in rows if row[3] == ID or not row[3].startswith("_")}
        check_types(types)
        return Relation(name, types)

    def _milliseconds(self, relation: Relation, names: Sequence[str]) -> bool | None:
        """How CKAN prints timestamps, by one that there is; None if it went away meanwhile."""
        stamps = [name for name in names if relation.types[name] == "timestamp"]
        if self._version < OPERATORS or not stamps:
            return self._version >= OPERATORS
        there = sql.SQL(" OR ").join(sql.SQL("{} IS NOT NULL").format(sql.Identifier(name)) for name in stamps)
        statement = sql.SQL("SELECT {id} FROM {table} WHERE {there} ORDER BY {id} LIMIT 1")
        rows = self._session.ask(statement.format(id=sql.Identifier(ID), table=relation.name, there=there))
        return self._judge.milliseconds(rows[0][0], stamps) if rows else True

    def _counts(self, select: Select) -> bool:
        """Whether as many rows match here and there, where it depends on the site's language what matches."""
        if not self._judge.guesses_language:
            return True
        here: int = self._session.ask(select.extent(WHOLE))[0][0]
        return here == self._judge.ask().count


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
