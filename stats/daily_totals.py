"""The derived tables, kept in step with the records, also when many processes write at once.

Every writer touches a ``DailySum`` first and the ``Requester`` rows after it, ``*`` before the resource, and then the
``Counter``: with one order for all, no two of them wait for each other.
"""

from __future__ import annotations

from datetime import date

from django.db import connection
from django.db.models import F

from stats.anonymise import is_hashed
from stats.models import ALL, DailySum, Requester


def add(day: date, resource_id: str, format: str, **amounts: float) -> None:
    """Add the amounts (by name of the counter) to the sums of that day, resource and format."""
    key = {"day": day, "resource_id": resource_id, "format": format}
    changes = {name: F(name) + amount for name, amount in amounts.items()}
    if not DailySum.objects.filter(**key).update(**changes):
        DailySum.objects.bulk_create([DailySum(**key)], ignore_conflicts=True)
        DailySum.objects.filter(**key).update(**changes)


def requester_key(email: str) -> str:
    """What tells requesters apart: a plain address whatever its case, or the hash to the letter."""
    return email if is_hashed(email) else email.lower()


def remember(resource_id: str, email: str) -> None:
    """Note that this address was served with this resource; an empty address is nobody."""
    if email:
        rows = [Requester(resource_id=name, email=requester_key(email)) for name in (ALL, resource_id)]
        Requester.objects.bulk_create(rows, ignore_conflicts=True)


def lock() -> None:
    """Keep all other writers waiting until the end of this transaction, for work that touches many rows."""
    # SQLite's transactions are exclusive from the start (IMMEDIATE).
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE stats_dailysum, stats_requester IN EXCLUSIVE MODE")
