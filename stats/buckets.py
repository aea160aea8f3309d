"""Days, weeks and months in SQL that both databases compute themselves: Django's own truncation is Python on SQLite."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import DateField, Func

UNITS = ("day", "week", "month")
#: Both dates and times are stored as text that begins with ``2026-03-01``; cutting text is the fastest there is.
_SQLITE = {
    "day": "substr(%(expressions)s, 1, 10)",
    "week": "date(substr(%(expressions)s, 1, 10), 'weekday 0', '-6 days')",
    "month": "substr(%(expressions)s, 1, 7) || '-01'",
}
_POSTGRESQL = "(date_trunc('{unit}', (%(expressions)s)::timestamptz AT TIME ZONE 'UTC'))::date"


class Bucket(Func):
    """The first day of the day, week (from Monday) or month (UTC) that a date or a time belongs to."""

    output_field = DateField()

    def __init__(self, field: str, *, unit: str) -> None:
        if unit not in UNITS:
            raise ValueError(unit)
        super().__init__(field)
        self.unit = unit

    def as_sql(self, compiler: Any, connection: Any, *_: Any, **context: Any) -> Any:
        """By ``date_trunc``, and on SQLite by cutting text."""
        sqlite = connection.vendor == "sqlite"
        template = _SQLITE[self.unit] if sqlite else _POSTGRESQL.format(unit=self.unit)
        return super().as_sql(compiler, connection, template=template, **context)


def first_day(day: date, unit: str) -> date:
    """The first day of the unit in which ``day`` lies."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day


def series(first: date, last: date, unit: str) -> list[date]:
    """The first days of all units from that of ``first`` to that of ``last``."""
    day, found = first_day(first, unit), []
    while day <= last:
        found.append(day)
        step = {"day": 1, "week": 7, "month": 31}[unit]
        day = first_day(day + timedelta(days=step), unit)
    return found
