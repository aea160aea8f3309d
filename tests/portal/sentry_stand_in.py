"""A stand-in for Sentry: takes envelopes and takes them apart.

Their form: https://develop.sentry.dev/sdk/data-model/envelopes/
"""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class StandIn:
    """``events`` are those that arrived; ``texts`` everything that did, as it came over the wire."""

    def __init__(self, port: int) -> None:
        self.dsn = f"http://publickey@127.0.0.1:{port}/1"
        self.events: list[dict[str, Any]] = []
        self.texts: list[str] = []

    def take(self, envelope: bytes) -> None:
        """Raises ValueError for what is no envelope."""
        self.texts.append(envelope.decode())
        rest = envelope.split(b"\n", 1)[1]
        while rest.strip():
            header, _, rest = rest.partition(b"\n")
            item = json.loads(header)
            length = item.get("length", rest.find(b"\n"))
            payload, rest = rest[:length], rest[length:].lstrip(b"\n")
            if item["type"] == "event":
                self.events.append(json.loads(payload))


@contextmanager
def listening() -> Iterator[StandIn]:
    """A stand-in at its own address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                stand_in.take(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            except (ValueError, KeyError):
                self.send_error(400)
                return
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stand_in = StandIn(server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
