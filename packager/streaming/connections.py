"""Connections that only go where the rule permits, and that another thread can abort."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from functools import cache, partial
from typing import Any
from weakref import WeakSet

import certifi
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util import Timeout

from packager.errors import SourceError
from packager.streaming.addresses import AddressRule, Endpoint


class Guard:
    """Opens sockets where ``rule`` permits, and remembers what is open so that it can be aborted."""

    def __init__(self, rule: AddressRule) -> None:
        self.rule = rule
        self._closed = False
        self._connections: WeakSet[HTTPConnection] = WeakSet()
        self._opening: WeakSet[socket.socket] = WeakSet()

    def connect(self, connection: HTTPConnection) -> socket.socket:
        """A socket to one of the checked addresses of the connection's host.

        The address that was checked is the one connected to, so that a name which changes its mind in between
        (DNS rebinding) gains nothing.
        """
        self._connections.add(connection)
        problem: OSError = OSError("no address")
        for endpoint in self.rule.endpoints(connection.host, connection.port):
            try:
                return self._open(endpoint, connection)
            except OSError as error:
                problem = error
        if isinstance(problem, TimeoutError):
            raise ConnectTimeoutError(connection, "timed out")
        raise NewConnectionError(connection, type(problem).__name__)

    def _open(self, endpoint: Endpoint, connection: HTTPConnection) -> socket.socket:
        if self._closed:
            raise SourceError("closed while it was read")
        family, address = endpoint
        opened = socket.socket(family, socket.SOCK_STREAM)
        self._opening.add(opened)
        try:
            opened.settimeout(Timeout.resolve_default_timeout(connection.timeout))
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opened.connect(address)
        except OSError:
            opened.close()
            raise
        return opened

    def abort(self) -> None:
        """Break every open connection and refuse new ones. Threads that wait for an answer wake up with an error."""
        self._closed = True
        for waiting in [*self._opening, *(connection.sock for connection in list(self._connections))]:
            if waiting is not None:
                with suppress(OSError):
                    # Not ssl.SSLSocket.shutdown, which takes the TLS state from under the thread that reads.
                    socket.socket.shutdown(waiting, socket.SHUT_RDWR)


class _GuardedHTTPConnection(HTTPConnection):
    def __init__(self, *args: Any, guard: Guard, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._guard = guard

    def _new_conn(self) -> socket.socket:
        return self._guard.connect(self)


class _GuardedHTTPSConnection(HTTPSConnection):
    def __init__(self, *args: Any, guard: Guard, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._guard = guard

    def _new_conn(self) -> socket.socket:
        return self._guard.connect(self)


class _GuardedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _GuardedHTTPConnection


class _GuardedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedHTTPSConnection


def pool_manager(guard: Guard, connections: int) -> PoolManager:
    """A pool manager all of whose connections are opened by ``guard``, at most ``connections`` kept open a host."""
    manager = PoolManager(maxsize=connections, ssl_context=_tls())
    http: Any = partial(_GuardedHTTPPool, guard=guard)
    https: Any = partial(_GuardedHTTPSPool, guard=guard)
    manager.pool_classes_by_scheme = {"http": http, "https": https}
    return manager


@cache
def _tls() -> ssl.SSLContext:
    """What the machine trusts (an intranet CKAN may have its own authority), and what browsers trust besides.

    Read once: the certificates of all authorities take a while to load.
    """
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
