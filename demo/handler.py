"""The HTTP side of the stand-in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from demo import actions, page
from demo.catalogue import Resource
from demo.errors import Refused, bad_request
from demo.faults import Fault, Kind
from demo.files import Download, cut_out, pattern, wanted
from demo.parameters import Profile
from demo.received import Received

if TYPE_CHECKING:
    from demo.ckan import Server

JSON = "application/json;charset=utf-8"
Faulty = Mapping[Kind, Fault]


class Handler(BaseHTTPRequestHandler):
    """One connection. Requests are logged to ``ckan.requests``, never to the terminal."""

    protocol_version = "HTTP/1.1"
    server_version = "demo"
    disable_nagle_algorithm = True
    server: Server

    def log_message(self, *_args: object) -> None:
        """Silence: the log is ``ckan.requests``."""

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer()

    do_HEAD = do_POST = do_DELETE = do_GET

    def _answer(self) -> None:
        request = self._read()
        ckan = self.server.ckan
        ckan.requests.append(request)
        faults = ckan.faults.take(request.path, str(request.parameters.get("resource_id", "")))
        if self._stalled(faults) or self._failed(faults):
            return
        if match := re.fullmatch(r"/api(?:/3)?/action/(\w+)", request.path):
            self._action(match[1], request, faults)
        elif match := re.fullmatch(r"/datastore/dump/([^/]+)", request.path):
            self._dump(match[1], request, faults)
        elif match := re.fullmatch(r"/dataset/[^/]+/resource/([^/]+)/download/[^/]+", request.path):
            self._download(self._table_file(match[1], request), request, faults)
        elif match := re.fullmatch(r"/demo/file/(\d+)/[^/]+", request.path):
            self._download(pattern(int(match[1])), request, faults)
        else:
            self._send(*page.answer(ckan, request))

    # ------------------------------------------------------------- the request

    def _read(self) -> Received:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        raw = self.rfile.read(int(headers.get("content-length") or 0))
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return Received(self.command, parts.path, query, headers, raw)

    def _allowed(self, request: Received) -> bool:
        return request.headers.get("authorization") == self.server.ckan.token

    # -------------------------------------------------------------- the faults

    def _stalled(self, faults: Faulty) -> bool:
        """Wait as ordered; whether the connection is to end without an answer."""
        for kind in (Kind.SLOW, Kind.HANG):
            if kind in faults:
                self.server.ckan.closing.wait(faults[kind].seconds)
        if Kind.HANG in faults:
            self.close_connection = True
        return Kind.HANG in faults

    def _failed(self, faults: Faulty) -> bool:
        if Kind.STATUS in faults:
            fault = faults[Kind.STATUS]
            extra = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
            self._send(fault.status, "text/html; charset=utf-8", b"<h1>Not now</h1>", extra)
        elif Kind.MALFORMED in faults:
            self._send(200, JSON, b"<html><body>A proxy says hello</body></html>")
        return Kind.STATUS in faults or Kind.MALFORMED in faults

    # ------------------------------------------------------------- the answers

    def _action(self, name: str, request: Received, faults: Faulty) -> None:
        ckan = self.server.ckan
        try:
            if not isinstance(request.body, dict):
                raise bad_request(request.body)
            body = actions.run(ckan, name, request.parameters, self._allowed(request), faults)
        except Refused as refusal:
            envelope = {"help": ckan.help_url(name), "error": refusal.error, "success": False}
            shown = refusal.error if isinstance(refusal.error, str) else envelope
            self._send(refusal.status, JSON, json.dumps(shown).encode())
        else:
            self._send(200, JSON, body, faults=faults)

    def _send(
        self,
        status: int,
        content_type: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        faults: Faulty | None = None,
    ) -> None:
        faults = faults or {}
        if Kind.TRUNCATE in faults:
            body = body[: len(body) // 2]
        self._head(status, {"Content-Type": content_type, "Content-Length": str(len(body)), **(headers or {})})
        if Kind.CUT in faults:
            body = body[: len(body) // 2]
            self.close_connection = True
        if self.command != "HEAD":
            self._pour(iter([body]), faults)

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _resource(self, resource_id: str, request: Received) -> Resource | None:
        """The resource, unless it is not there or may not be seen: pages answer 404 to both."""
        resource = self.server.ckan.by_id(resource_id)
        return None if resource and resource.private and not self._allowed(request) else resource

    def _not_found(self) -> None:
        self._send(404, "text/html; charset=utf-8", b"<h1>404 Not Found</h1>")

    def _dump(self, resource_id: str, request: Received, faults: Faulty) -> None:
        resource = self._resource(resource_id, request)
        if resource is None:
            self._not_found()
            return
        delimiter = request.query.get("format", "csv")
        name = f"{resource.id}.{delimiter}"
        headers = {"Content-Type": "application/octet-stream", "Transfer-Encoding": "chunked"}
        self._head(200, headers | {"Content-Disposition": f'attachment; filename="{name}"'})
        milliseconds = self.server.ckan.profile != Profile.V211
        if self.command != "HEAD":
            self._chunked(resource.text(delimiter, milliseconds=milliseconds), cut=Kind.CUT in faults)

    def _chunked(self, pieces: Iterator[bytes], *, cut: bool) -> None:
        for piece in pieces:
            if piece:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            if cut:
                self.close_connection = True
                return
        self.wfile.write(b"0\r\n\r\n")

    def _table_file(self, resource_id: str, request: Received) -> Download | None:
        resource = self._resource(resource_id, request)
        return None if resource is None else self.server.ckan.table_file(resource)

    def _download(self, file: Download | None, request: Received, faults: Faulty) -> None:
        if file is None:
            self._not_found()
            return
        part = wanted(file, request.headers)
        headers = {"ETag": file.etag, "Accept-Ranges": "bytes", "Content-Type": file.content_type}
        if part.status == 206:
            headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{file.size}"
        if part.status == 416:
            headers["Content-Range"] = f"bytes */{file.size}"
        if part.status != 304:
            headers["Content-Length"] = str(part.stop - part.start)
        self._head(part.status, headers)
        stop = (part.start + part.stop) // 2 if Kind.CUT in faults else part.stop
        self.close_connection = self.close_connection or Kind.CUT in faults
        if self.command != "HEAD":
            self._pour(cut_out(file.pieces(), part.start, stop), faults)

    def _pour(self, pieces: Iterator[bytes], faults: Faulty) -> None:
        for piece in pieces:
            if Kind.DRIP in faults:
                self._drip(piece, faults[Kind.DRIP].seconds)
            else:
                self.wfile.write(piece)

    def _drip(self, piece: bytes, seconds: float) -> None:
        for place in range(len(piece)):
            self.wfile.write(piece[place : place + 1])
            if self.server.ckan.closing.wait(seconds):
                return
