"""A portal of the tests: a real server that answers as it is told and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

PROBLEM, JSON = "application/problem+json", "application/json"
ROOT = {
    "name": "Packaging Portal",
    "version": "0.1.0",
    "capabilities": {
        "formats": [{"name": name, "label": name.upper(), "options": {}} for name in ("csv", "xlsx", "dwca")],
        "mail_languages": ["en", "de"],
        "limits": {"kept_days": 7},
    },
    "links": {"changes": "/api/v1/changes/"},
}
ESTIMATE = {"rows": 3, "columns": ["a"], "size": 9, "seconds": 0.1, "queue": "fast", "waiting": 0, "cached": False}


@dataclass(frozen=True)
class Call:
    """What the portal was asked."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any


class FakePortal:
    """Answers of ``answers`` come before its own; one is a status and a body, or a function of the handler."""

    def __init__(self, url: str) -> None:
        self.url, self.calls, self.requests = url, list[Call](), dict[str, dict[str, Any]]()
        self.answers: dict[str, Any] = {}

    def of(self, path: str) -> list[Call]:
        """The calls of one path."""
        return [call for call in self.calls if call.path == path]

    def envelopes(self) -> list[dict[str, Any]]:
        """What changed, as it was told."""
        return [one for call in self.of("/api/v1/changes/") for one in call.body]

    def refuse(self, path: str, status: int, **problem: Any) -> None:
        """Let a path answer with a problem."""
        self.answers[path] = (status, problem)

    def made(self, call: Call) -> dict[str, Any]:
        """A request."""
        found = {
            "id": str(uuid4()),
            "status": "queued",
            "kind": "datastore" if "api_url" in call.body else "url",
            "resource_id": call.body["resource_id"],
            "query": {name: call.body[name] for name in ("filters", "limit") if name in call.body},
            "format": call.body.get("format", ""),
            "options": {},
            "email": call.body.get("email", ""),
            "requester": call.body.get("requester", ""),
            "idempotency_key": call.headers.get("idempotency-key", ""),
            "status_url": f"{self.url}/requests/secret/",
            "package": None,
        }
        self.requests[found["id"]] = found
        return found

    def answer(self, call: Call) -> tuple[int, Any]:
        """What it says by itself."""
        first, _, rest = call.path.removeprefix("/api/v1/").partition("/")
        if call.path == "/api/v1/":
            return 200, ROOT
        if first == "estimate":
            return 200, ESTIMATE
        if first == "changes":
            return 202, {"changed": len(call.body)}
        if first == "statistics":
            return 200, {"totals": {"requests": 1}, "days": [], "resources": []}
        return self.of_requests(call, rest) if first == "requests" else (404, {"detail": "Nothing here"})

    def of_requests(self, call: Call, rest: str) -> tuple[int, Any]:
        """A list, a new one, one, or what is done with one."""
        if not rest and call.method == "POST":
            return 201, self.made(call)
        if not rest:
            return 200, {"results": self.listed(call.query), "next": None}
        found = self.requests.get(rest.partition("/")[0])
        if found is None:
            return 404, {"detail": "There is no such request"}
        if rest.endswith("cancel/"):
            found["status"] = "cancelled"
        return 200, found

    def listed(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        """The requests that a list shows."""
        names = [name for name in ("requester", "idempotency_key", "resource_id") if name in query]
        return [one for one in self.requests.values() if all(one[name] == query[name][0] for name in names)]


@contextmanager
def serving() -> Iterator[FakePortal]:
    """A portal on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            address, length = urlsplit(self.path), int(self.headers.get("Content-Length") or 0)
            text = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = json.loads(text) if text else None
            call = Call(self.command, address.path, parse_qs(address.query), headers, body)
            portal.calls.append(call)
            told = portal.answers.get(address.path) or portal.answer(call)
            if callable(told):
                told(self)
                return
            self.say(*told)

        def say(self, status: int, told: Any) -> None:
            data = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", PROBLEM if status >= 400 else JSON)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = answer

        def log_message(self, *args: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    portal = FakePortal(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield portal
    finally:
        server.shutdown()
        server.server_close()


Answer = Callable[[Any], None]
