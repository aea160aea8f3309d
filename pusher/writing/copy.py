"""Straight into the datastore's database: COPY into a hidden table, then a swap in one transaction.

Readers never wait and never see half: the old table serves until the new one, with its search index, is complete.
What CKAN makes of a table was read in ckanext/datastore/backend/postgres.py of 2.11.6 and 2.12.0: ``_id``,
``_full_text`` with its index, in 2.11 an index for each text column, the trigger, dictionaries as comments,
aliases as views.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg2
from psycopg2 import sql
from psycopg2.errors import LockNotAvailable

from pusher.errors import DatabaseAway, DatabaseRefused, PushError, RowsMissing
from pusher.reading.fit import ALWAYS_INDEXED, shortened
from pusher.reading.options import Tell
from pusher.reading.table import Rows, Table
from pusher.writing.datastore import Confirm, Progress

#: PostgreSQL takes no more arguments of a function.
MOST_ARGUMENTS = 90
BATCH = 500
#: Times that the swap waits (2 s each) for those who read the old table.
SWAPS = 30


class Cursor(Protocol):
    """What is used of a cursor of psycopg2."""

    rowcount: int

    def execute(self, query: sql.Composable | str, values: Sequence[object] | None = None) -> None: ...
    def fetchall(self) -> list[tuple[Any, ...]]: ...
    def copy_expert(self, statement: sql.Composable, file: io.RawIOBase, size: int = ...) -> None: ...


@dataclass(frozen=True)
class Kind:
    """How the site indexes text: the method, and the language of the columns' own indexes (empty for none)."""

    method: str = "gist"
    language: str = ""


class CopyWriter:
    """See ``datastore.Writer``. The resource must have a table that CKAN made: it tells how the site makes them."""

    def __init__(self, url: str, resource_id: str, tell: Tell) -> None:
        self._url, self._id, self._tell = url, resource_id, tell
        mark = hashlib.sha1(resource_id.encode(), usedforsecurity=False).hexdigest()[:16]
        self._rows, self._new = f"_push_{mark}_rows", f"_push_{mark}_new"

    def replace(self, table: Table, fields: Sequence[dict[str, Any]], progress: Progress, confirm: Confirm) -> None:
        """See ``datastore.Writer``."""
        try:
            with closing(psycopg2.connect(self._url, application_name="packaging-portal")) as connection:
                self._replace(connection, table, fields, progress, confirm)
        except psycopg2.OperationalError as error:
            raise DatabaseAway(type(error).__name__) from error
        except psycopg2.Error as error:
            reason = (error.diag.message_primary or type(error).__name__).rstrip(".")
            raise DatabaseRefused(error.diag.context or "", reason=reason) from error

    def _replace(
        self, connection: Any, table: Table, fields: Sequence[dict[str, Any]], progress: Progress, confirm: Confirm
    ) -> None:
        connection.autocommit = True
        with connection.cursor() as cursor:
            # one loader of a resource at a time; the lock goes with the connection
            cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", (self._id,))
            kind = self._kind(cursor)
            self._drop(cursor)
            try:
                self._fill(cursor, table, fields, progress)
                confirm()
                self._index(cursor, fields, kind)
                self._swap(connection, fields, kind, confirm)
            except (PushError, psycopg2.DataError):
                connection.autocommit = True
                self._drop(cursor)
                raise

    def _drop(self, cursor: Cursor) -> None:
        for name in (self._rows, self._new):
            cursor.execute(sql.SQL("DROP TABLE IF EXISTS {} CASCADE").format(sql.Identifier(name)))

    # ------------------------------------------------------------------ rows

    def _fill(self, cursor: Cursor, table: Table, fields: Sequence[dict[str, Any]], progress: Progress) -> None:
        columns = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(field["id"]), sql.SQL(field["type"])) for field in fields
        )
        rows, new = sql.Identifier(self._rows), sql.Identifier(self._new)
        cursor.execute(sql.SQL("CREATE UNLOGGED TABLE {} (_id bigint, {})").format(rows, columns))
        names = sql.SQL(", ").join(sql.Identifier(field["id"]) for field in fields)
        copy = sql.SQL("COPY {} (_id, {}) FROM STDIN (FORMAT csv)").format(rows, names)
        cursor.copy_expert(copy, _Stream(table, self._tell, progress), 1 << 18)
        cursor.execute(sql.SQL("CREATE TABLE {} (_id serial, _full_text tsvector, {})").format(new, columns))
        insert = "INSERT INTO {new} (_id, _full_text, {names}) SELECT _id, {words}, {names} FROM {rows} r"
        words = _words(fields)
        cursor.execute(sql.SQL(insert).format(new=new, rows=rows, names=names, words=words))
        if cursor.rowcount != table.count:
            raise RowsMissing(got=cursor.rowcount, expected=table.count)
        cursor.execute(sql.SQL("DROP TABLE {}").format(rows))
        following = "SELECT setval(pg_get_serial_sequence(%s, '_id'), %s, %s)"
        cursor.execute(following, (f'"{self._new}"', max(1, table.count), table.count > 0))

    # --------------------------------------------------- what CKAN makes besides

    def _kind(self, cursor: Cursor) -> Kind:
        """How CKAN indexed the table that is there."""
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = %s", (self._id,))
        found = [definition for (definition,) in cursor.fetchall()]
        methods = [match[1] for text in found if (match := re.search(r"USING (\w+) \(_full_text\)", text))]
        languages = [match[1] for text in found if (match := re.search(r"to_tsvector\('(\w+)'::regconfig", text))]
        return Kind(methods[0] if methods else "gist", languages[0] if languages else "")

    def _index(self, cursor: Cursor, fields: Sequence[dict[str, Any]], kind: Kind) -> None:
        new = sql.Identifier(self._new)
        key = sql.Identifier(f"{self._new}_pkey")
        cursor.execute(sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} PRIMARY KEY (_id)").format(new, key))
        for number, expression in enumerate(_indexed(fields, kind)):
            statement = sql.SQL("CREATE INDEX {} ON {} USING {} ({})")
            name = sql.Identifier(f"{self._new}_{number}")
            cursor.execute(statement.format(name, new, sql.SQL(kind.method), sql.SQL(expression)))
        trigger = "CREATE TRIGGER zfulltext BEFORE INSERT OR UPDATE ON {} FOR EACH ROW EXECUTE PROCEDURE "
        cursor.execute(sql.SQL(trigger + "populate_full_text_trigger()").format(new))
        cursor.execute(sql.SQL("ANALYZE {}").format(new))

    # ------------------------------------------------------------------- swap

    def _swap(self, connection: Any, fields: Sequence[dict[str, Any]], kind: Kind, confirm: Confirm) -> None:
        """In one transaction, tried again while somebody reads the old table for long."""
        connection.autocommit = False
        for _ in range(SWAPS):
            with suppress(LockNotAvailable), connection, connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '2s'")
                self._exchange(cursor, fields, kind)
                confirm()
                return
        raise DatabaseRefused(reason="somebody has been reading the old table for a minute")

    def _exchange(self, cursor: Cursor, fields: Sequence[dict[str, Any]], kind: Kind) -> None:
        old, new = sql.Identifier(self._id), sql.Identifier(self._new)
        cursor.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(old))
        aliases, rights = self._aliases(cursor), self._rights(cursor)
        cursor.execute(sql.SQL("DROP TABLE {} CASCADE").format(old))
        cursor.execute(sql.SQL("ALTER TABLE {} RENAME TO {}").format(new, old))
        self._rename(cursor, fields, kind)
        for field in fields:
            self._comment(cursor, field)
        for alias in aliases:
            cursor.execute(sql.SQL("CREATE VIEW {} AS SELECT * FROM {}").format(sql.Identifier(alias), old))
        for right, role, relation in rights:
            grant = sql.SQL("GRANT {} ON {} TO {}")
            cursor.execute(grant.format(sql.SQL(right), sql.Identifier(relation), sql.Identifier(role)))
        cursor.execute("SELECT to_regclass('public._table_stats') IS NOT NULL")
        if cursor.fetchall()[0][0]:
            cursor.execute("DELETE FROM _table_stats WHERE resource_id = %s", (self._id,))

    def _aliases(self, cursor: Cursor) -> list[str]:
        cursor.execute(
            "SELECT DISTINCT v.relname FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid "
            "JOIN pg_class v ON v.oid = w.ev_class WHERE v.relkind = 'v' AND d.refobjid = %s::regclass",
            (f'"{self._id}"',),
        )
        return [name for (name,) in cursor.fetchall()]

    def _rights(self, cursor: Cursor) -> list[tuple[str, str, str]]:
        cursor.execute(
            "SELECT privilege_type, grantee, table_name FROM information_schema.role_table_grants "
            "WHERE table_schema = 'public' AND table_name = %s AND grantee <> grantor AND grantee <> 'PUBLIC'",
            (self._id,),
        )
        return [(right, role, name) for right, role, name in cursor.fetchall()]

    def _rename(self, cursor: Cursor, fields: Sequence[dict[str, Any]], kind: Kind) -> None:
        renamed = {f"{self._new}_pkey": f"{self._id}_pkey"}
        for number, text in enumerate(_indexed(fields, kind)):
            # CKAN tells by these names that its indexes are there
            name = hashlib.sha1((self._id + text).encode(), usedforsecurity=False).hexdigest()
            renamed[f"{self._new}_{number}"] = name
        for before, after in renamed.items():
            cursor.execute(sql.SQL("ALTER INDEX {} RENAME TO {}").format(sql.Identifier(before), sql.Identifier(after)))
        sequence = sql.Identifier(f"{self._new}__id_seq"), sql.Identifier(f"{self._id}__id_seq")
        cursor.execute(sql.SQL("ALTER SEQUENCE {} RENAME TO {}").format(*sequence))

    def _comment(self, cursor: Cursor, field: dict[str, Any]) -> None:
        if "info" in field:
            text = " " + json.dumps({"_info": field["info"]}, ensure_ascii=False, separators=(",", ":"))
            statement = sql.SQL("COMMENT ON COLUMN {}.{} IS {}")
            names = sql.Identifier(self._id), sql.Identifier(field["id"])
            cursor.execute(statement.format(*names, sql.Literal(text)))


def _indexed(fields: Sequence[dict[str, Any]], kind: Kind) -> list[str]:
    """What has an index, as CKAN writes it."""
    texts = [field["id"] for field in fields if field["type"] == "text"] if kind.language else []
    return ['"_full_text"', *[f"to_tsvector('{kind.language}', \"{name}\")" for name in texts]]


def _words(fields: Sequence[dict[str, Any]]) -> sql.Composable:
    """What the trigger ``zfulltext`` would make of a row, without taking it apart as JSON."""
    if len(fields) > MOST_ARGUMENTS:
        each = "SELECT to_tsvector(string_agg(value, ' ')) FROM json_each_text(row_to_json(r.*))"
        return sql.SQL("(" + each + r" WHERE key NOT LIKE '\_%')")
    texts = [
        sql.SQL("to_json({})#>>'{{}}'" if field["type"] == "timestamp" else "{}").format(sql.Identifier(field["id"]))
        for field in fields
    ]
    return sql.SQL("to_tsvector(nullif(concat_ws(' ', {}), ''))").format(sql.SQL(", ").join(texts))


class _Stream(io.RawIOBase):
    """The rows as CSV, with ``_id`` before them, for COPY to read."""

    def __init__(self, table: Table, tell: Tell, progress: Progress) -> None:
        self._pieces = self._encoded(table, tell, progress)
        self._left = b""

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes; none at the end."""
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._left = piece
        taken, self._left = self._left[:size], self._left[size:]
        return taken

    def _encoded(self, table: Table, tell: Tell, progress: Progress) -> Iterator[bytes]:
        number = 0
        for batch in table.batches(BATCH):
            out = io.StringIO(newline="")
            csv.writer(out, lineterminator="\n").writerows(
                (number, *row) for number, row in enumerate(batch.rows, number + 1)
            )
            if out.tell() > ALWAYS_INDEXED and (cut := _cut(batch.rows, batch.numbers, tell)):
                out = io.StringIO(newline="")
                csv.writer(out, lineterminator="\n").writerows((n, *row) for n, row in enumerate(cut, number + 1))
            number += len(batch.rows)
            yield out.getvalue().encode()
            progress(number)


def _cut(rows: Rows, numbers: Sequence[int], tell: Tell) -> Rows | None:
    """The rows with texts cut that are too long for the search index; None if there are none."""
    found = {place: cut for place, row in enumerate(rows) if (cut := shortened(row))}
    for place in found:
        tell("WARNING", f"row {numbers[place]:,} is too long for the search index, its longest text is cut.")
    return [found.get(place, row) for place, row in enumerate(rows)] if found else None
