"""A server that means ill: a data portal or a receiver of webhooks that answers as the first part of the path says."""

from __future__ import annotations

import gzip
import json
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

#: What a mood does with a connection, told the request's path and body. It ends the connection by returning.
Mood = Callable[[socket.socket, str, dict], None]
MIB = 1024 * 1024


def answer(connection: socket.socket, body: bytes, status: str = "200 OK", **headers: str) -> None:
    """One whole answer."""
    given = {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in given.items())
    connection.sendall(f"HTTP/1.1 {status}\r\n{lines}Connection: close\r\n\r\n".encode("latin-1") + body)


def wrapped(result: object) -> bytes:
    """In CKAN's envelope."""
    return json.dumps({"success": True, "result": result}).encode()


def always(body: bytes, status: str = "200 OK", **headers: str) -> Mood:
    """Answers everything with this."""
    return lambda connection, path, asked: answer(connection, body, status, **headers)


def raw(text: bytes) -> Mood:
    """Says this, whatever it is."""
    return lambda connection, path, asked: connection.sendall(text)


def drip(head: bytes, seconds: float = 0.2) -> Mood:
    """Says ``head``, and then a letter now and then, for ever."""

    def mood(connection: socket.socket, path: str, asked: dict) -> None:
        connection.sendall(head)
        while True:
            time.sleep(seconds)
            connection.sendall(b"a")

    return mood


def endless(head: bytes) -> Mood:
    """Says ``head``, and then more than anybody can take."""

    def mood(connection: socket.socket, path: str, asked: dict) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(b"a" * 65536)

    return mood


def hangs(connection: socket.socket, path: str, asked: dict) -> None:
    """Says nothing."""
    time.sleep(3600)


def table(changed: Callable[[dict, dict], object]) -> Mood:
    """A small, sound table of CKAN, but for what ``changed`` makes of each result of datastore_search."""

    def mood(connection: socket.socket, path: str, asked: dict) -> None:
        if not path.endswith("datastore_search"):
            answer(connection, b'{"success": false, "error": {"message": "Not found"}}', "404 Not Found")
            return
        fields = [{"id": "_id", "type": "int"}, {"id": "a", "type": "text"}]
        records = [{"_id": number, "a": f"row {number}"} for number in range(1, 11)][: int(asked.get("limit", 100))]
        result = {"resource_id": "x", "fields": fields, "records": records, "total": 10, "records_format": "objects"}
        made = changed(result, asked)
        answer(connection, made if isinstance(made, bytes) else wrapped(made))

    return mood


def _bomb() -> bytes:
    return gzip.compress(b'{"success": true, "result": ' + b" " * (400 * MIB), 9)


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

#: What holds up who waits for it.
STALLS: dict[str, Mood] = {
    "drips-its-body": drip(OK + b"Content-Length: 1000000\r\n\r\n"),
    "drips-its-headers": drip(b"HTTP/1.1 200 OK\r\nX-A: "),
    "hangs": hangs,
}

#: What is more than anybody can take.
FLOODS: dict[str, Mood] = {
    "endless": endless(OK + b"\r\n"),
    "endless-error": endless(b"HTTP/1.1 500 Oh no\r\n\r\n"),
    "endless-refusal": endless(b"HTTP/1.1 409 Conflict\r\n\r\n"),
    "endless-header": endless(b"HTTP/1.1 200 OK\r\nX-A: "),
    "claims-a-terabyte": endless(OK + b"Content-Length: 1099511627776\r\n\r\n"),
    "endless-redirect": endless(b"HTTP/1.1 302 Found\r\nLocation: /endless/api\r\n\r\n"),
}

BAD: dict[str, Mood] = {
    "location-is-no-address": always(b"", "302 Found", Location="http://[::1"),
    "location-has-no-port": always(b"", "302 Found", Location="http://127.0.0.1:nowhere/"),
    "location-is-empty": always(b"", "302 Found", Location=""),
    "location-is-binary": always(b"", "302 Found", Location="http://\xff\xfe/\x01"),
    "location-is-a-file": always(b"", "302 Found", Location="file:///etc/passwd"),
    "location-is-inside": always(b"", "302 Found", Location="http://169.254.169.254/latest/meta-data/"),
    "goes-round-in-circles": always(b"", "302 Found", Location="/goes-round-in-circles/api"),
    "deep-json": always(b'{"success": true, "result": {"records": ' + b"[" * 200_000 + b"]" * 200_000 + b"}}"),
    "deep-error": always(b"[" * 200_000 + b"]" * 200_000, "409 Conflict"),
    "is-no-json": always(b"<html>hello</html>"),
    "is-empty": always(b""),
    "is-null": always(b"null"),
    "is-a-list": always(b"[]"),
    "result-is-a-list": always(wrapped([])),
    "result-is-a-text": always(wrapped("records")),
    "result-is-null": always(wrapped(None)),
    "is-no-utf-8": always(b'{"success": true, "result": {"fields": [{"id": "\xff\xfe", "type": "text"}]}}'),
    "speaks-no-http": raw(b"220 welcome to FTP\r\n"),
    "says-nothing": raw(b""),
    "status-999": always(b"{}", "999 What"),
    "status-0": raw(b"HTTP/1.1 0 \r\n\r\n"),
    "many-headers": raw(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 5000 + b"\r\n{}"),
    "length-is-a-word": raw(OK + b"Content-Length: many\r\n\r\n{}"),
    "length-is-negative": raw(OK + b"Content-Length: -5\r\n\r\n{}"),
    "chunk-is-no-number": raw(CHUNKED + b"zz\r\n{}\r\n"),
    "encoding-is-no-gzip": always(b"this is no gzip", Content_Encoding="gzip"),
    "error-is-markup": always(json.dumps({"error": {"q": ["<script>alert(1)</script>"]}}).encode(), "409 Conflict"),
    "error-is-a-number": always(b'{"error": 7}', "409 Conflict"),
    "total-is-a-text": table(lambda result, asked: {**result, "total": "many"}),
    "total-is-negative": table(lambda result, asked: {**result, "total": -1}),
    "total-is-huge": table(lambda result, asked: {**result, "total": 10**30}),
    "fields-are-gone": table(lambda result, asked: {**result, "fields": None}),
    "fields-are-texts": table(lambda result, asked: {**result, "fields": ["_id", "a"]}),
    "field-without-a-name": table(lambda result, asked: {**result, "fields": [{"type": "text"}]}),
    "records-are-a-number": table(lambda result, asked: {**result, "records": 7}),
    "records-are-texts": table(lambda result, asked: {**result, "records": ["a", "b"]}),
    "id-is-a-text": table(lambda result, asked: {**result, "records": [{"_id": "x", "a": "b"}] * 10}),
    "id-falls": table(lambda result, asked: {**result, "records": result["records"][::-1]}),
    "same-row-ten-times": table(lambda result, asked: {**result, "records": result["records"][:1] * 10}),
    "rows-are-missing": table(lambda result, asked: {**result, "total": 20}),
    "rows-are-no-utf-8": table(lambda result, asked: wrapped(result).replace(b"row 3", b"\xff\xfe")),
    "number-is-nan": table(lambda result, asked: wrapped(result).replace(b'"row 3"', b"NaN")),
    "number-is-endless": table(lambda result, asked: wrapped(result).replace(b'"row 3"', b"9" * 10_000)),
    "one-row-is-enormous": table(lambda result, asked: wrapped(result).replace(b"row 3", b"x" * (9 * MIB))),
}


class Evil(socketserver.ThreadingTCPServer):
    """``asked`` are the paths that came, by the first part of each."""

    allow_reuse_address = daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.moods: dict[str, Mood] = {**STALLS, **FLOODS, **BAD}
        self._bomb = b""
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def api_url(self, mood: str) -> str:
        """The address of a data portal in that mood."""
        return f"http://{self.host}/{mood}/api/3/action/datastore_search"

    def add_bombs(self) -> None:
        """Answers of a few hundred KiB that grow to 400 MiB, which take a second to make."""
        bomb = _bomb()
        self.moods["bomb"] = always(bomb, Content_Encoding="gzip")
        self.moods["bomb-as-an-error"] = always(bomb, "409 Conflict", Content_Encoding="gzip")


class _Handler(socketserver.StreamRequestHandler):
    server: Evil

    def handle(self) -> None:
        # who is asked ill has gone away long before the end
        with suppress(OSError, ValueError):
            path = self.rfile.readline().split(b" ")[1].decode()
            length = 0
            while (line := self.rfile.readline()).strip():
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            body = self.rfile.read(length)
            asked = json.loads(body) if body.startswith(b"{") else {}
            self.server.asked.append(path)
            self.server.moods[path.split("/")[1]](self.connection, path, asked)


@contextmanager
def running() -> Iterator[Evil]:
    """One that listens on a port of its own."""
    with Evil() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server
        server.shutdown()
