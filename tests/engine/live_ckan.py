"""A CKAN that reads from PostgreSQL at each call, as CKAN does: for tables that change, and types of every kind."""

from __future__ import annotations

import io
import json
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import msgspec
import psycopg2
from psycopg2 import sql

from packager.streaming.sources.ckan_response import RowDecoder
from packager.streaming.types import Field, Shape

#: How CKAN selects what it does not select as it is (``search_data`` and ``datastore_search`` of its backend).
SELECTED = {
    "nested": "coalesce(({}).json, 'null')",
    "timestamp": "to_char({}, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS')",
    "_text": "coalesce(array_to_json({}), 'null')",
    "_int4": "coalesce(array_to_json({}), 'null')",
}


class LiveCkan:
    """Answers ``datastore_search`` (whole tables, single ``_id``) and ``status_show`` from the database at ``url``."""

    token = "secret-token"
    private = False
    extensions = ("datastore",)
    version: str | None = "2.12.0"

    def __init__(self, url: str) -> None:
        self._url = url
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"ckan": self}))
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.api_url = f"http://{self.host}/api/3/action/datastore_search"

    def __enter__(self) -> LiveCkan:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def columns(self, table: str) -> dict[str, str]:
        """The columns that CKAN shows of a table, with PostgreSQL's names of their types."""
        with closing(psycopg2.connect(self._url)) as connection, connection.cursor() as cursor:
            cursor.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(sql.Identifier(table)))
            told = {column.name: column.type_code for column in cursor.description}
            cursor.execute("SELECT oid, typname FROM pg_type")
            types = dict(cursor.fetchall())
        return {name: types[code] for name, code in told.items() if name == "_id" or name[0] != "_"}

    def csv(self, given: dict[str, Any]) -> str:
        """The rows that ``datastore_search`` is asked for, as CKAN's CSV."""
        table, types = given["resource_id"], self.columns(given["resource_id"])
        cells = [sql.SQL(SELECTED.get(types[n], "{}")).format(sql.Identifier(n)) for n in given.get("fields", types)]
        conditions = [sql.SQL("true")]
        for name, value in given.get("filters", {}).items():
            comparison = "{} >= {}" if isinstance(value, dict) else "{} = {}"
            operand = value["gte"] if isinstance(value, dict) else value
            conditions.append(sql.SQL(comparison).format(sql.Identifier(name), sql.Literal(operand)))
        order = [clause.strip().partition(" ") for clause in given.get("sort", "_id").split(",")]
        inner = sql.SQL("SELECT * FROM {} WHERE {} ORDER BY {} LIMIT {}").format(
            sql.Identifier(table),
            sql.SQL(" AND ").join(conditions),
            sql.SQL(", ").join(sql.SQL("{} " + direction).format(sql.Identifier(name)) for name, _, direction in order),
            sql.Literal(given["limit"]),
        )
        return self._copied(
            sql.SQL("SELECT {} FROM ({}) AS z").format(sql.SQL(", ").join(cells), inner), "csv"
        ).decode()

    def _copied(self, query: sql.Composable, end: str) -> bytes:
        text = io.BytesIO()
        with closing(psycopg2.connect(self._url)) as connection, connection.cursor() as cursor:
            cursor.copy_expert(sql.SQL("COPY ({}) TO STDOUT " + end).format(query), text)
        return text.getvalue()

    def whole(self, table: str, shape: Shape) -> list:
        """All rows of a table in a shape, out of what CKAN selects for ``csv``, ``tsv``, ``objects`` and ``lists``."""
        types = self.columns(table)
        cells = {n: sql.SQL(SELECTED.get(t, "{}")).format(sql.Identifier(n)) for n, t in types.items()}
        objects = sql.SQL(", ").join(sql.SQL("{} AS {}").format(cell, sql.Identifier(n)) for n, cell in cells.items())
        lists = sql.SQL(" || ',' || ").join(
            sql.SQL("{}" if t == "nested" or (t[0] == "_" and n != "_id") else "coalesce(to_json({}), 'null')").format(
                cells[n]
            )
            for n, t in types.items()
        )
        source = sql.SQL("FROM {} ORDER BY _id").format(sql.Identifier(table))
        if shape in (Shape.CSV, Shape.TSV):
            plain = sql.SQL("SELECT {} {}").format(sql.SQL(", ").join(cells.values()), source)
            return [self._copied(plain, "csv" if shape is Shape.CSV else "csv DELIMITER '\t'")]
        query = (
            sql.SQL("SELECT row_to_json(z)::text FROM (SELECT {} {}) AS z").format(objects, source)
            if shape is Shape.OBJECTS
            else sql.SQL("SELECT '[' || {} || ']' {}").format(lists, source)
        )
        with closing(psycopg2.connect(self._url)) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            rows = [row[0].encode() for row in cursor.fetchall()]
        if shape is Shape.ROWS:
            told = {"nested": "json"}
            fields = [Field(n, told.get(t, t) if n != "_id" else "int") for n, t in types.items()]
            return RowDecoder(fields).decode(rows)
        return [msgspec.json.format(row, indent=-1) if b"\n" in row or b"\r" in row else row for row in rows]

    def search(self, given: dict[str, Any]) -> dict[str, Any]:
        """The result of ``datastore_search``."""
        table, names = given["resource_id"], given.get("fields")
        types = {
            "_id": "int",
            **{n: "json" if t == "nested" else t for n, t in self.columns(table).items() if n != "_id"},
        }
        fields = [{"id": name, "type": types[name]} for name in names or types]
        is_text = given.get("records_format") == "csv"
        return {"fields": fields, "records": self.csv(given) if is_text else []}


class _Handler(BaseHTTPRequestHandler):
    ckan: LiveCkan
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Silence."""

    def do_POST(self) -> None:
        ckan, action = self.ckan, self.path.rpartition("/")[2]
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        ckan.asked.append((action, given))
        status = 200
        if action == "status_show":
            result: Any = {"extensions": ckan.extensions, **({"ckan_version": ckan.version} if ckan.version else {})}
        elif ckan.private and self.headers["Authorization"] != ckan.token:
            status, result = 403, {}
        else:
            result = ckan.search(given)
        body = json.dumps({"success": status == 200, "result": result}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
