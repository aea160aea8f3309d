"""Transactions in the datastore's database: read-only, timed, and to be broken off from any thread.

psycopg2's exceptions become ours here. Nothing that is raised or logged holds its messages: they quote addresses.
"""

from __future__ import annotations

import io
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg2
from psycopg2 import sql

from packager.errors import DatastoreUnreachable, SourceError

#: States of PostgreSQL (its manual, appendix A) that pass: no right, too long in a transaction. What else passes
#: (connections, statements and locks that take too long, restarts) psycopg2 calls operational.
_PASSING = frozenset({"42501", "25P03", "25P04"})
#: From this version on the server looks now and then whether who asked is still there.
_CHECKS_CLIENTS = 140_000


class Sink(Protocol):
    """What takes the rows of a COPY, one at a time."""

    def write(self, row: bytes) -> object: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """In seconds: for a connection or a lock, for a question, and for a COPY."""

    connect: float
    ask: float
    copy: float


class Database:
    """The database at ``url``. Safe to use from several threads."""

    def __init__(self, url: str, limits: Limits) -> None:
        self._url, self._limits = url, limits
        self._sessions: list[Session] = []
        self._closed = False

    def begin(self, snapshot: str | None = None) -> Session:
        """A new transaction; it sees what the one sees that exported ``snapshot``. Raises SourceError."""
        session = Session(self._url, self._limits)
        self._sessions.append(session)
        try:
            session.begin(snapshot)
        except BaseException:
            session.close()
            raise
        if self._closed:
            session.abort()
            raise SourceError("closed while it was read")
        return session

    def close(self) -> None:
        """Break off every transaction, and those that are still to come."""
        self._closed = True
        for session in tuple(self._sessions):
            session.abort()


class Session:
    """One transaction, which changes nothing and always sees the same rows. To be used by one thread at a time."""

    def __init__(self, url: str, limits: Limits) -> None:
        self._limits = limits
        self._closing = threading.Lock()
        with _ours():
            self._connection = psycopg2.connect(
                url,
                application_name="packaging-portal",
                client_encoding="UTF8",
                connect_timeout=max(2, int(limits.connect)),  # libpq takes less for 2
                keepalives_idle=30,
                keepalives_interval=10,
                keepalives_count=3,
            )
            self._connection.set_session(isolation_level="REPEATABLE READ", readonly=True)

    def begin(self, snapshot: str | None = None) -> None:
        """Begin anew; what was seen before is given up. Raises SourceError."""
        with _ours():
            self._connection.rollback()
            with self._connection.cursor() as cursor:
                if snapshot is not None:
                    cursor.execute("SET TRANSACTION SNAPSHOT %s", (snapshot,))
                cursor.execute("SET LOCAL lock_timeout = %s", (int(self._limits.connect * 1000),))
                idle = "SET LOCAL idle_in_transaction_session_timeout = %s"
                cursor.execute(idle, (int(self._limits.copy * 1000),))
                if self._connection.server_version >= _CHECKS_CLIENTS:
                    cursor.execute("SET LOCAL client_connection_check_interval = '10s'")
        self._allow(self._limits.ask)

    def do(self, statement: sql.Composable | str, values: Sequence[object] = ()) -> None:
        """Execute what answers nothing. Raises SourceError."""
        with _ours(), self._connection.cursor() as cursor:
            cursor.execute(statement, tuple(values) or None)

    def ask(self, statement: sql.Composable | str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of the answer. Raises SourceError."""
        with _ours(), self._connection.cursor() as cursor:
            cursor.execute(statement, tuple(values) or None)
            return list(cursor.fetchall())

    def text(self, statement: sql.Composable) -> bytes:
        """What a small COPY gives. Raises SourceError."""
        text = io.BytesIO()
        with _ours(), self._connection.cursor() as cursor:
            cursor.copy_expert(statement, text)
        return text.getvalue()

    def copy(self, statement: sql.Composable, sink: Sink) -> None:
        """Run a COPY; what ``sink`` raises is raised. Raises SourceError."""
        self._allow(self._limits.copy)
        with _ours(), self._connection.cursor() as cursor:
            cursor.copy_expert(statement, sink)

    def export(self) -> str | None:
        """The name by which others see what this one sees; None if the server gives none."""
        self.do("SAVEPOINT before_export")
        try:
            name = str(self.ask("SELECT pg_export_snapshot()")[0][0])
        except SourceError:
            self.do("ROLLBACK TO SAVEPOINT before_export")
            return None
        return name

    def close(self) -> None:
        """End it. Safe to call twice."""
        with self._closing, suppress(psycopg2.Error):
            self._connection.close()

    def abort(self) -> None:
        """Wake up whoever waits for it, in another thread, with an error."""
        with (
            self._closing,
            suppress(OSError, psycopg2.Error),
            socket.socket(fileno=os.dup(self._connection.fileno())) as waiting,
        ):
            waiting.shutdown(socket.SHUT_RDWR)

    def _allow(self, seconds: float) -> None:
        self.do("SET LOCAL statement_timeout = %s", (int(seconds * 1000),))


@contextmanager
def _ours() -> Iterator[None]:
    try:
        yield
    except psycopg2.Error as error:
        kind, state = type(error).__name__, error.pgcode or ""
        # what PostgreSQL says has a state; without one the connection itself broke
        if not state or state in _PASSING or isinstance(error, psycopg2.OperationalError):
            raise DatastoreUnreachable(kind) from None
        raise SourceError(f"{kind} {state}".strip()) from None
