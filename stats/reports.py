"""The tables of the statistics pages: by resource, format, period or domain, each in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum, Window
from django.db.models.functions import Lower, RowNumber

from stats.buckets import Bucket
from stats.models import BuildRecord, DailySum, ErrorRecord, RequestRecord

#: What a report can be by -> the name of its first column.
KINDS = {"resource_id": "Resource", "format": "Format", "period": "Period", "domain": "Domain"}
COLUMNS = ("requests", "requesters", "errors", "rows", "bytes", "builds", "median", "p95")
#: The place of the median and of the 95th percentile (nearest rank) among ``n`` sorted values that count from one.
_MEDIAN, _P95 = (F("n") + 1) / 2, (F("n") * 95 + 99) / 100


@dataclass(frozen=True, slots=True)
class Span:
    """From the first to the last day (UTC), in days, weeks or months; of one resource, or of all."""

    first: date
    last: date
    unit: str = "day"
    resource_id: str = ""

    def sums(self) -> QuerySet[DailySum]:
        """The daily sums in it."""
        return self._of_resource(DailySum.objects.filter(day__gte=self.first, day__lte=self.last))

    def records(self, model: Any) -> QuerySet[Any]:
        """The records of a kind in it."""
        start = datetime.combine(self.first, time(), UTC)
        end = datetime.combine(self.last + timedelta(days=1), time(), UTC)
        return self._of_resource(model._default_manager.filter(at__gte=start, at__lt=end))

    def _of_resource(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        rows = rows.order_by()
        return rows.filter(resource_id=self.resource_id) if self.resource_id else rows


def report(kind: str, span: Span) -> list[dict[str, Any]]:
    """One row for each ``key`` with the ``COLUMNS``, most requested first (periods: newest first).

    ``requesters`` are distinct addresses; ``rows`` were handed out, ``bytes`` sent; ``median`` and ``p95`` are seconds
    of building, None where nothing was built. By domain, ``bytes`` is the size of the packages handed out.
    """
    parts = (_from_records(span) if kind == "domain" else _from_sums(kind, span), _requesters(kind, span))
    found: dict[Any, dict[str, Any]] = {}
    for part in (*parts, _build_times(kind, span)):
        for key, numbers in part.items():
            empty = {"key": key, **dict.fromkeys(COLUMNS, 0), "median": None, "p95": None}
            found.setdefault(key, empty).update(numbers)
    by_period = kind == "period"
    return sorted(found.values(), key=lambda row: row["key"] if by_period else row["requests"], reverse=True)


Part = dict[Any, dict[str, Any]]


def _key(kind: str, span: Span, field: str) -> Any:
    return Bucket(field, unit=span.unit) if kind == "period" else F(kind)


def _by_key(rows: QuerySet[Any]) -> Part:
    return {row.pop("key"): {name: value or 0 for name, value in row.items()} for row in rows}


def _from_sums(kind: str, span: Span) -> Part:
    names = ("requests", "errors", "rows", "bytes", "builds")
    sums = {f"sum_{name}": Sum(name) for name in names}
    rows = span.sums().annotate(key=_key(kind, span, "day")).values("key").annotate(**sums)
    return {key: {name: row[f"sum_{name}"] for name in names} for key, row in _by_key(rows).items()}


def _from_records(span: Span) -> Part:
    served = span.records(RequestRecord).exclude(domain="").annotate(key=F("domain")).values("key")
    part = _by_key(served.annotate(requests=Count("pk"), n_rows=Sum("rows"), bytes=Sum("size")))
    for numbers in part.values():
        numbers["rows"] = numbers.pop("n_rows")
    failed = span.records(ErrorRecord).exclude(domain="").annotate(key=F("domain")).values("key")
    for key, numbers in _by_key(failed.annotate(errors=Count("pk"))).items():
        part.setdefault(key, {}).update(numbers)
    return part


def _requesters(kind: str, span: Span) -> Part:
    rows = span.records(RequestRecord).exclude(email="")
    rows = rows.exclude(domain="") if kind == "domain" else rows
    people = rows.annotate(key=_key(kind, span, "at")).values("key")
    return _by_key(people.annotate(requesters=Count(Lower("email"), distinct=True)))


def _build_times(kind: str, span: Span) -> Part:
    rows = span.records(RequestRecord if kind == "domain" else BuildRecord).exclude(seconds=None)
    rows = rows.exclude(domain="") if kind == "domain" else rows
    part = [F("key")]
    ranked = rows.annotate(key=_key(kind, span, "at")).annotate(
        place=Window(RowNumber(), partition_by=part, order_by="seconds"), n=Window(Count("pk"), partition_by=part)
    )
    found: Part = {}
    chosen = ranked.filter(Q(place=_MEDIAN) | Q(place=_P95)).values_list("key", "place", "n", "seconds")
    for key, place, number, seconds in chosen:
        names = {"median": (number + 1) // 2, "p95": (number * 95 + 99) // 100}
        found.setdefault(key, {}).update({name: seconds for name, wanted in names.items() if wanted == place})
    return found
