"""A stand-in for Solr, for a CKAN on a developer's machine: ``python solr.py PORT``.

It keeps in memory what CKAN sends to be indexed, finds it again by exact fields (``id:"..."``, ``state:active``,
``permission_labels:("public" OR ...)``) and by words, and counts no facets.
"""

from __future__ import annotations

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

Document = dict[str, Any]
SCHEMA = '<?xml version="1.0"?><schema name="ckan-2.11" version="1.6"></schema>'
#: ``field:value``, ``field:"value"`` or ``field:(one OR other)``, with a sign before it.
CLAUSE = re.compile(r'([+-]?)(\w+):(?:\(([^)]*)\)|"([^"]*)"|(\S+))')
documents: dict[str, Document] = {}


def index(body: bytes) -> None:
    """Take what CKAN sends: documents as JSON, or as XML an order to forget some."""
    if not body.startswith(b"<"):
        documents.update({one["index_id"]: one for one in json.loads(body)})
        return
    for query in ElementTree.fromstring(body).iter("query"):  # noqa: S314  (our own CKAN sends it)
        for name in [name for name, one in documents.items() if matches(one, query.text or "")]:
            del documents[name]


def matches(document: Document, query: str) -> bool:
    """Whether a document has what one of the alternatives of a query wants."""
    return any(_has(document, one) for one in re.split(r"\s+OR\s+(?![^(]*\))", query))


def _has(document: Document, query: str) -> bool:
    """Whether every clause, and every word beside them, is in the document."""
    for sign, field, several, quoted, plain in CLAUSE.findall(query):
        wanted = set(re.findall(r"[^\s\"]+", several)) - {"OR"} if several else {quoted or plain}
        if field == "*" or "*" in wanted or "[" in several + plain:
            continue
        held = document.get(field, [])
        found = bool(wanted & {str(one) for one in (held if isinstance(held, list) else [held])})
        if found is (sign == "-"):
            return False
    text = json.dumps(document).lower()
    return all(word.lower() in text for word in re.findall(r"\w+", CLAUSE.sub(" ", query)) if word != "AND")


def select(given: dict[str, list[str]]) -> Document:
    """What Solr answers to a search."""
    queries = [*given.get("q", []), *given.get("fq", [])]
    found = [one for one in documents.values() if all(matches(one, query) for query in queries)]
    start, rows = (int(given.get(name, [default])[0]) for name, default in (("start", "0"), ("rows", "10")))
    response = {"numFound": len(found), "start": start, "docs": found[start : start + rows]}
    facets = {"facet_queries": {}, "facet_fields": {name: [] for name in given.get("facet.field", [])}}
    return {"responseHeader": {"status": 0}, "response": response, "facet_counts": facets}


class Handler(BaseHTTPRequestHandler):
    """The addresses that CKAN calls."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """Any of them."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        kind, text = self.said(address.path.rstrip("/"), parse_qs(address.query), body)
        data = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def said(self, path: str, given: dict[str, list[str]], body: bytes) -> tuple[str, str]:
        """The kind of the answer, and the answer."""
        if path.endswith(("/schema", "/admin/file")):
            return "application/xml", SCHEMA
        if path.endswith("/select"):
            return "application/json", json.dumps(select({**given, **parse_qs(body.decode())}))
        if path.endswith("/update") and body:
            index(body)
        return "application/json", json.dumps({"responseHeader": {"status": 0}, "status": "OK"})

    do_GET = do_POST = answer

    def log_message(self, *args: Any) -> None:
        """Silent."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
