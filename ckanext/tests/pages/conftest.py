"""A portal's stand-in over HTTP, a visitor with a browser's cookies, and data to ask for."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories

from ckanext.packaging_portal import capabilities

FORMATS = [{"name": name, "label": name.upper(), "options": {}} for name in ("csv", "xlsx", "dwca")]
LIMITS = {"kept_days": 7, "addresses_kept_days": 90}
ESTIMATE = {"rows": 3, "columns": ["_id"], "size": 2048, "seconds": 1, "queue": "fast", "waiting": 2, "cached": False}


class Portal:
    """What the portal was asked, and what it answers."""

    def __init__(self, url: str) -> None:
        self.url, self.calls, self.requests = url, list[tuple[str, str, Any]](), dict[str, dict[str, Any]]()
        self.refusal: tuple[int, dict[str, Any]] | None = None

    def asked(self) -> list[dict[str, Any]]:
        """The bodies of all requests for packages."""
        return [body for method, path, body in self.calls if (method, path) == ("POST", "/api/v1/requests/")]

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Status and JSON."""
        self.calls.append((method, path, body))
        if path == "/api/v1/":
            can = {"formats": FORMATS, "mail_languages": ["en", "de"], "limits": LIMITS}
            return 200, {"version": "0.1.0", "capabilities": can, "links": {"changes": ""}}
        if path == "/api/v1/estimate/":
            return 200, ESTIMATE
        if path == "/api/v1/statistics/records/":
            return 200, [{"email": "a@example.org", "resource_id": "r", "timestamp": 1, "count": 2, "domain": "e"}]
        if method == "POST" and path == "/api/v1/requests/":
            return self.refusal or (201, self._made(body))
        found = self.requests.get(path.split("/")[4])
        if found and path.endswith("/cancel/"):
            found["status"] = "cancelled"
        return (200, found) if found else (404, {"detail": "There is no such request"})

    def _made(self, body: dict[str, Any]) -> dict[str, Any]:
        made = {
            "id": str(uuid4()),
            "status": "queued",
            "kind": "datastore",
            "resource_id": body["resource_id"],
            "requester": body.get("requester", ""),
            "query": {},
            "format": body.get("format", ""),
            "place": 2,
            "progress": {"rows_done": 0, "rows_total": None, "bytes_done": 0, "bytes_total": None},
            "status_url": f"{self.url}/requests/secret/",
            "created_at": "2026-11-22T01:02:03Z",
        }
        self.requests[made["id"]] = made
        return made


@pytest.fixture
def portal(ckan_config: Any) -> Iterator[Portal]:
    """The stand-in, which this site uses until the end of the test."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            status, told = stand_in.answer(self.command, self.path.partition("?")[0], body)
            self.send_response(status)
            self.send_header("Content-Type", "application/json" if status < 400 else "application/problem+json")
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        do_GET = do_POST = _answer

        def log_message(self, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stand_in = Portal(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ckan_config["ckanext.packaging_portal.url"] = stand_in.url
    ckan_config["ckanext.packaging_portal.api_key"] = "pp_secret-of-the-site"
    ckan_config["ckanext.packaging_portal.changes"] = "off"
    capabilities._known.clear()
    yield stand_in
    server.shutdown()
    server.server_close()


@pytest.fixture
def table() -> dict[str, Any]:
    """A public table with three rows."""
    return make_table(private=False)


def make_table(private: bool) -> dict[str, Any]:
    """A table with three rows, in a dataset of an organization of its own."""
    organization = factories.Organization()
    dataset = factories.Dataset(owner_org=organization["id"], private=private)
    rows = [{"country": name, "year": 1900 + number} for number, name in enumerate(("Brazil", "Peru", "Chile"))]
    made = tk.get_action("datastore_create")(
        {"ignore_auth": True}, {"resource": {"package_id": dataset["id"], "name": "Specimens"}, "records": rows}
    )
    return {"id": made["resource_id"], "package": dataset["name"], "organization": organization}


class Visitor:
    """Somebody with a browser that keeps cookies."""

    def __init__(self, app: Any, user: dict[str, Any] | None) -> None:
        self.client = app.flask_app.test_client()
        # what CKAN 2.11's middleware says of the language, which stands before Flask
        self.client.environ_base |= {"CKAN_LANG": "en", "CKAN_LANG_IS_DEFAULT": True}
        if user:
            with self.client.session_transaction() as session:
                session["_user_id"] = user["id"]
                session["_fresh"] = True
                session["last_active"] = None

    def get(self, path: str, query: Any = None) -> Any:
        """A page."""
        return self.client.get(path, query_string=query)

    def post(self, path: str, token: str | None = None, **fields: str) -> Any:
        """Send a form. ``token``: of the session; the one that the page had, if nothing is said."""
        given = self.token() if token is None else token
        return self.client.post(path, data={**fields, "_csrf_token": given})

    def token(self) -> str:
        """What the forms that this visitor is shown have as their token."""
        return re.search(r'name="_csrf_token" content="([^"]+)"', self.get("/").text)[1]


@pytest.fixture
def visitor(app: Any) -> Callable[..., Visitor]:
    """``visitor()`` is anonymous, ``visitor(user)`` logged in."""
    return lambda user=None: Visitor(app, user)


def form_of(table: dict[str, Any]) -> str:
    """The address of the form."""
    return f"/dataset/{table['package']}/resource/{table['id']}/package"


def field(page: Any, name: str) -> str:
    """The value of a field of a form."""
    return unescape(re.search(rf'name="{name}" value="([^"]*)"', page.text)[1])
