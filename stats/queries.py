"""What the statistics say: asked by the endpoints, the admin and the commands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, TypedDict

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Lower

from stats.anonymise import hash_email
from stats.models import ALL, DailySum, ErrorRecord, OpeningBalance, Requester, RequestRecord


class Totals(TypedDict):
    """Counts for one resource or all: distinct addresses served, requests served, failures."""

    emails: int
    requests: int
    errors: int


NOTHING: Totals = {"emails": 0, "requests": 0, "errors": 0}
_SUMS = {name: Sum(name) for name in DailySum.COUNTERS}


def totals(resource_id: str | None = None) -> dict[str, Totals]:
    """Totals by resource, and of all under ``*``; with ``resource_id`` (which may be ``*``) of that one only.

    A resource nobody ever asked for has no entry; ``*`` always has one.
    """
    found: dict[str, Totals] = {} if resource_id not in (None, ALL) else {ALL: NOTHING.copy()}
    people = _only(Requester.objects.order_by(), resource_id).values("resource_id").annotate(emails=Count("id"))
    balances = _only(OpeningBalance.objects.order_by(), resource_id).values(
        "resource_id", "requests", "errors", "emails"
    )
    for row in (*_summed(resource_id), *people, *balances):
        entry = found.setdefault(row.pop("resource_id"), NOTHING.copy())
        for counter, amount in row.items():
            entry[counter] += amount or 0  # type: ignore[literal-required]
    return found


def _summed(resource_id: str | None) -> Iterator[dict[str, Any]]:
    sums = {"requests": Sum("requests"), "errors": Sum("errors")}
    if resource_id in (None, ALL):
        yield {"resource_id": ALL, **DailySum.objects.aggregate(**sums)}
    if resource_id != ALL:
        rows = _only(DailySum.objects.order_by(), resource_id).values("resource_id")
        yield from rows.annotate(**sums).iterator()


def _only(rows: QuerySet[Any], resource_id: str | None) -> QuerySet[Any]:
    return rows if resource_id is None else rows.filter(resource_id=resource_id)


def requests(
    offset: int = 0, limit: int = 100, resource_id: str | None = None, email: str | None = None
) -> list[dict[str, Any]]:
    """Requests served, newest first: ``email``, ``resource_id``, ``timestamp`` (UNIX), ``count`` (rows), ``domain``.

    ``email`` finds plain and hashed records of that address.
    """
    found = _filtered(RequestRecord.objects.all(), resource_id, email)
    rows = found.values_list("email", "resource_id", "at", "rows", "domain")[offset : offset + limit]
    names = ("email", "resource_id", "timestamp", "count", "domain")
    return [_entry(names, row) for row in rows]


def errors(
    offset: int = 0, limit: int = 100, resource_id: str | None = None, email: str | None = None
) -> list[dict[str, Any]]:
    """Failures, newest first: ``email``, ``resource_id``, ``timestamp`` (UNIX), ``message``. ``email`` as above."""
    found = _filtered(ErrorRecord.objects.all(), resource_id, email)
    rows = found.values_list("email", "resource_id", "at", "message")[offset : offset + limit]
    return [_entry(("email", "resource_id", "timestamp", "message"), row) for row in rows]


def _entry(names: tuple[str, ...], row: tuple[Any, ...]) -> dict[str, Any]:
    return {
        name: int(value.timestamp()) if isinstance(value, datetime) else value
        for name, value in zip(names, row, strict=True)
    }


def _filtered(rows: QuerySet[Any], resource_id: str | None, email: str | None) -> QuerySet[Any]:
    rows = _only(rows, resource_id)
    if email is None:
        return rows
    return rows.filter(Q(email=hash_email(email)) | Q(email__iexact=email))


def per_day(
    since: date | None = None, until: date | None = None, resource_id: str | None = None, format: str | None = None
) -> list[dict[str, Any]]:
    """The sums of each day (UTC) with anything in it, oldest first, both ends included; names as in ``DailySum``."""
    rows = _only(DailySum.objects.all(), resource_id)
    limits = {"day__gte": since, "day__lte": until, "format": format}
    rows = rows.filter(**{name: value for name, value in limits.items() if value is not None})
    return list(rows.values("day").order_by("day").annotate(**_SUMS))


def per_resource(since: date | None = None, until: date | None = None) -> list[dict[str, Any]]:
    """The sums of each resource in these days, most requested first; names as in ``DailySum``."""
    limits = {"day__gte": since, "day__lte": until}
    rows = DailySum.objects.filter(**{name: value for name, value in limits.items() if value is not None})
    summed: QuerySet[Any, Any] = rows.values("resource_id").order_by().annotate(**_SUMS)
    return list(summed.order_by("-requests", "resource_id"))


def domains(resource_id: str | None = None, limit: int | None = None) -> list[dict[str, Any]]:
    """Requests and distinct addresses by domain of the address, the busiest first."""
    rows = _only(RequestRecord.objects.exclude(domain=""), resource_id).values("domain").order_by()
    rows = rows.annotate(requests=Count("id"), emails=Count(Lower("email"), distinct=True)).order_by(
        "-requests", "domain"
    )
    return list(rows[:limit])
