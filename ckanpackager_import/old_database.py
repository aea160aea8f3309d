"""The statistics database of ckanpackager, opened for reading only.

Its tables (``ckanpackager/lib/statistics.py``, 0.4): ``requests(id, email, resource_id, count, timestamp, domain)``,
``errors(id, timestamp, message, email, resource_id)``, ``totals(id, resource_id, requests, errors, emails)``. A table
or a column can be missing, since the original made them when it first wrote to them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any

from stats.models import ALL

#: The tables, and how each is read.
TABLES = {
    "requests": "SELECT * FROM requests ORDER BY id",
    "errors": "SELECT * FROM errors ORDER BY id",
    "totals": "SELECT * FROM totals ORDER BY id",
}
Row = dict[str, Any]


class OldDatabaseError(Exception):
    """The old database cannot be read; the text says why."""


def path_of(url: str) -> Path:
    """The file of ``sqlite:////absolute/path`` or ``sqlite:///relative/path`` (SQLAlchemy's form), or a bare path."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return Path(url)
    if scheme.partition("+")[0] != "sqlite" or not rest.startswith("/") or rest in ("/", "/:memory:"):
        raise OldDatabaseError("Only SQLite databases can be imported: sqlite:////path/to/stats.db")
    return Path(rest[1:].partition("?")[0])


@dataclass(frozen=True)
class OldTotal:
    """A row of ``totals``."""

    resource_id: str
    requests: int
    errors: int
    emails: int


class OldDatabase:
    """An open old database; use it in a ``with`` statement. Raises OldDatabaseError where it is no such thing."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise OldDatabaseError(f"There is no file {path}")
        self._connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        self._connection.row_factory = sqlite3.Row
        # Text that is no UTF-8 must not keep all the other rows from being taken over.
        self._connection.text_factory = lambda content: content.decode("utf-8", "replace")
        self.tables = self._find_tables(path)

    def __enter__(self) -> OldDatabase:
        # One transaction: the old service may go on writing while we read.
        self._connection.execute("BEGIN")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def _find_tables(self, path: Path) -> set[str]:
        try:
            rows = self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        except sqlite3.Error as error:
            self._connection.close()
            raise OldDatabaseError(f"{path} cannot be read as an SQLite database: {error}") from error
        found = {row["name"] for row in rows} & set(TABLES)
        if not found:
            self._connection.close()
            raise OldDatabaseError(f"{path} is not a statistics database of ckanpackager: it has none of its tables")
        return found

    def rows(self, table: str) -> Iterator[Row]:
        """The rows of a table, oldest first, as dictionaries; none if there is no such table."""
        statement = TABLES[table]
        if table not in self.tables:
            return
        try:
            with closing(self._connection.execute(statement)) as cursor:
                yield from (dict(row) for row in cursor)
        except sqlite3.Error as error:
            raise OldDatabaseError(f"The table {table} of the old database cannot be read: {error}") from error

    def totals(self) -> list[OldTotal]:
        """What the old service had counted. Two workers that raced could make two rows for one resource: their sum."""
        found: dict[str, OldTotal] = {}
        for row in self.rows("totals"):
            name = str(row.get("resource_id") or ALL)
            before = found.get(name, OldTotal(name, 0, 0, 0))
            counts = {key: getattr(before, key) + whole(row.get(key), 0) for key in ("requests", "errors", "emails")}
            found[name] = OldTotal(name, **counts)
        return list(found.values())

    def identity(self) -> str:
        """What tells this database from others, wherever its file lies: a hash of its first row."""
        for table in TABLES:
            for row in self.rows(table):
                return import_key(table, row)
        return sha256(b"empty").hexdigest()


def import_key(table: str, row: Row) -> str:
    """What tells a row of an old database from all others, in any copy of it.

    Address and domain do not count: the original's anonymiser changes them in place.
    """
    said = [row.get(name) for name in ("id", "timestamp", "resource_id", "count", "message")]
    return sha256(repr((table, said)).encode("utf-8", "surrogatepass")).hexdigest()


def whole(value: Any, default: Any = None) -> Any:
    """A number of rows or a count, as an int of zero or more; ``default`` for what is none (text, null, nonsense)."""
    try:
        number = int(str(value).strip())
    except ValueError:
        return default
    return number if 0 <= number < 2**63 else default
