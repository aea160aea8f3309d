"""A CKAN stand-in: ``DemoCkan`` for tests, ``python -m demo.ckan --port 0 --rows 100000`` for people.

It answers as CKAN 2.12 does (or as 2.11, or as the Natural History Museum's datastores do: ``profile``), faults on
demand included.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
from http.server import ThreadingHTTPServer
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Self

from demo.catalogue import Resource, standard
from demo.faults import Faults
from demo.files import Download
from demo.handler import Handler
from demo.parameters import Profile
from demo.received import Received
from demo.uploads import finds


class Server(ThreadingHTTPServer):
    """A thread a connection. ``ckan`` is what the handlers answer from."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, ckan: DemoCkan) -> None:
        self.ckan = ckan
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        super().__init__(("127.0.0.1", port), Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, so that the end of the server ends it, too."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection, and end it."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""
        if not isinstance(sys.exception(), (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)

    def end_connections(self) -> None:
        """End what is still open: idle connections, and answers under way."""
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue


class DemoCkan:
    """The stand-in; started by ``start`` or ``with``.

    ``resources`` holds by name: ``specimens`` (``rows`` rows), ``small``, ``awkward``, ``empty``, ``stale_total``,
    ``private``. ``add`` takes more. ``requests`` logs what was asked; ``faults`` says what shall go wrong.
    """

    def __init__(
        self,
        *,
        rows: int = 1000,
        port: int = 0,
        profile: str = Profile.V212,
        rows_max: int = 32000,
        token: str = "demo-token",  # noqa: S107  (it opens nothing but the stand-in's made-up private data)
        portal_url: str = "",
        portal_secret: str = "",
    ) -> None:
        self.profile = Profile(profile)
        self.rows_max = rows_max
        self.token = token
        self.portal_url, self.portal_secret = portal_url, portal_secret
        self.faults = Faults()
        self.requests: list[Received] = []
        self.closing = Event()
        self.resources = {resource.name: resource for resource in standard(rows)}
        self._sizes: dict[tuple[str, int, int], int] = {}
        self._server = Server(port, self)

    @property
    def host(self) -> str:
        """``127.0.0.1:port``."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return f"http://{self.host}"

    @property
    def api_url(self) -> str:
        """The address of ``datastore_search``."""
        return f"{self.url}/api/3/action/datastore_search"

    def help_url(self, action: str) -> str:
        """What the envelope of an answer names as help."""
        return f"{self.url}/api/3/action/help_show?name={action}"

    def add(self, resource: Resource) -> Resource:
        """Hold one more resource."""
        self.resources[resource.name] = resource
        return resource

    def id(self, name: str) -> str:
        """The id of the resource with that name."""
        return self.resources[name].id

    def by_id(self, resource_id: str) -> Resource | None:
        """The resource with that id, if there is one."""
        return next((resource for resource in self.resources.values() if resource.id == resource_id), None)

    def download_url(self, name: str) -> str:
        """Where the file of a resource is."""
        return str(self.resources[name].show(self.url)["url"])

    def csv(self, name: str) -> bytes:
        """A whole table as ``/datastore/dump`` gives it, with ``\\n`` after the header: what a package must hold."""
        resource = self.resources[name]
        return b"".join(resource.text(milliseconds=self.profile != Profile.V211, header_end="\n"))

    def table_file(self, resource: Resource) -> Download:
        """The file behind ``download_url``."""
        if file := resource.file:
            return Download(len(file), f'"{resource.id}-{len(file)}"', "text/csv", lambda: iter([file]))
        table = resource.table
        key = (resource.id, table.rows, len(table.deleted))
        if key not in self._sizes:
            self._sizes[key] = sum(len(piece) for piece in resource.text())
        etag = f'"{resource.id}-{table.rows}-{len(table.deleted)}"'
        return Download(self._sizes[key], etag, "text/csv; charset=utf-8", resource.text)

    def start(self) -> Self:
        """Answer from a thread of its own."""
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def close(self) -> None:
        """Stop, and end every connection."""
        self.closing.set()
        self._server.shutdown()
        self._server.end_connections()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, _type: type | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self.close()


def main(arguments: list[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM; the first line printed is the address."""
    parser = argparse.ArgumentParser(description="A CKAN stand-in with made-up specimens.")
    parser.add_argument("--port", type=int, default=0, help="0 (default): any free port")
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the resource 'specimens'")
    parser.add_argument("--rows-max", type=int, default=32_000, help="rows of the largest page")
    parser.add_argument("--profile", default="2.12", choices=[profile.value for profile in Profile])
    parser.add_argument("--portal", default="", help="address of the portal for the forms; its secret: PACKAGER_SECRET")
    given = parser.parse_args(arguments)
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    secret = os.environ.get("PACKAGER_SECRET", "")
    settings = {"rows_max": given.rows_max, "profile": given.profile, "portal_url": given.portal}
    with DemoCkan(rows=given.rows, port=given.port, portal_secret=secret, **settings) as ckan:
        ckan.add(finds())
        print(ckan.url, flush=True)
        for resource in ckan.resources.values():
            print(f"{resource.id} {resource.name} {resource.table.rows}", flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
