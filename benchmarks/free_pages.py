"""Pages that cost nothing: answers of a real CKAN, remembered, and sent from memory.

What is measured against it is what the portal itself needs; the first run of a query fills the memory, and its time
counts for nothing.
"""

from __future__ import annotations

import http.client
import multiprocessing
import multiprocessing.connection
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import urlsplit

Answer = tuple[int, str, bytes]


class _Handler(BaseHTTPRequestHandler):
    """Passes a request on to CKAN once, and answers it from memory from then on."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    upstream = ""
    remembered: dict[tuple[str, bytes], Answer] = {}

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        place = (self.path, body)
        if place not in self.remembered:
            self.remembered[place] = self._asked(body)
        status, kind, content = self.remembered[place]
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _asked(self, body: bytes) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.upstream).netloc, timeout=120)
        kept = {name: self.headers[name] for name in ("Content-Type", "Authorization") if name in self.headers}
        connection.request("POST", self.path, body, kept)
        answer = connection.getresponse()
        found = answer.status, answer.headers.get("Content-Type", ""), answer.read()
        connection.close()
        return found

    def log_message(self, *_: object) -> None:
        """Nothing: every line would cost time."""


class FreePages:
    """A process with a server in front of the CKAN at ``upstream`` (``http://host:port``). ``url`` is its own."""

    def __init__(self, upstream: str, core: int | None = None) -> None:
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(upstream, core, theirs), daemon=True)
        self._process.start()
        self.url = f"http://127.0.0.1:{ours.recv()}"

    def __enter__(self) -> FreePages:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        self._process.terminate()
        self._process.join()


def _serve(upstream: str, core: int | None, told: multiprocessing.connection.Connection) -> None:
    if core is not None:
        os.sched_setaffinity(0, {core})
    _Handler.upstream = upstream
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    told.send(server.server_port)
    server.serve_forever()
