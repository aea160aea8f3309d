"""Old installations of ckanpackager for tests, as its own code leaves them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from stats.anonymise import hash_email

START = 1_500_000_000
REQUESTS = [
    ("someone@example.com", "birds", "23", START, "example.com"),
    ("Someone@Example.com", "birds", None, START + 1, "example.com"),
    ("other@müller.example", "fish", "", START + 2, "müller.example"),
]
ERRORS = [(START + 3, "It failed: größer", "other@müller.example", "fish")]
TOTALS = [("*", 5, 2, 3), ("birds", 3, 0, 1), ("fish", 2, 2, 2)]
SCHEMA = """
CREATE TABLE requests (id INTEGER PRIMARY KEY, email TEXT, resource_id TEXT, count TEXT, timestamp INTEGER);
CREATE TABLE errors (id INTEGER PRIMARY KEY, timestamp INTEGER, message TEXT, email TEXT, resource_id TEXT);
CREATE TABLE totals (id INTEGER PRIMARY KEY, resource_id TEXT, requests INTEGER, errors INTEGER, emails INTEGER);
"""


def old_database(
    path: Path, requests=REQUESTS, errors=ERRORS, totals=TOTALS, *, domain: bool = True, hashed: bool = False
) -> str:
    """Writes a statistics database and returns its URL. Totals: resource, requests, errors, emails."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA)
        if domain:
            connection.execute("ALTER TABLE requests ADD COLUMN domain TEXT")
        address = hash_email if hashed else str
        add(connection, "requests", [(address(row[0]), *row[1 : 5 if domain else 4]) for row in requests], domain)
        add(connection, "errors", [(*row[:2], address(row[2]), row[3]) for row in errors])
        add(connection, "totals", totals)
        connection.commit()
    return f"sqlite:///{path}"


COLUMNS = {
    "requests": "email, resource_id, count, timestamp",
    "errors": "timestamp, message, email, resource_id",
    "totals": "resource_id, requests, errors, emails",
}


def add(connection: sqlite3.Connection, table: str, rows: list[tuple], domain: bool = False) -> None:
    """Add rows to a table of an old database."""
    columns = COLUMNS[table] + (", domain" if domain else "")
    marks = ", ".join("?" for _ in columns.split(","))
    connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)
