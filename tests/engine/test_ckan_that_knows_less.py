"""Servers that take no notice of what they do not know are read whole all the same."""

from __future__ import annotations

import json

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from packager.streaming.http import AddressRule
from packager.streaming.sources.ckan import CkanSource
from packager.streaming.types import Query, Shape

ROWS = [{"_id": number, "name": f"row {number}"} for number in range(1, 251)]
FIELDS = [{"id": "_id", "type": "int"}, {"id": "name", "type": "text"}]


def _ignores(row: dict, filters: dict) -> bool:
    return True


def _compares(row: dict, filters: dict) -> bool:
    return all(row.get(name) == value for name, value in filters.items())


def _server(httpserver: HTTPServer, matches) -> CkanSource:
    def search(request: Request) -> Response:
        asked = request.get_json()
        found = [row for row in ROWS if matches(row, asked.get("filters") or {})]
        offset, limit = asked.get("offset", 0), min(asked.get("limit", 100), 100)
        result = {"records": found[offset : offset + limit], "fields": FIELDS, "limit": limit, "total": len(found)}
        return Response(json.dumps({"success": True, "result": result}), content_type="application/json")

    httpserver.expect_request("/api/3/action/datastore_search").respond_with_handler(search)
    rule = AddressRule(("127.0.0.1", "localhost"))
    return CkanSource(httpserver.url_for("/api/3/action/datastore_search"), rule=rule, page_size=60)


@pytest.mark.parametrize("matches", [_ignores, _compares])
@pytest.mark.parametrize("query", [{}, {"limit": 101, "offset": 20}])
def test_every_row_comes_once(httpserver, matches, query):
    table = _server(httpserver, matches).open(Query("x", **query), [Shape.CSV, Shape.ROWS])
    ids = [row[0] for page in table.pages() for row in page.rows]
    first = query.get("offset", 0) + 1
    assert ids == list(range(first, first + query.get("limit", 250)))
    assert list(table.notes) == []
