"""The statistics in the admin: tables with their CSV, and a page for each resource. The admin site wires them in."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date

from packager.streaming.formats.delimited import defused
from stats import queries, resource_names
from stats.buckets import UNITS, series
from stats.plots import Plot, plot
from stats.reports import COLUMNS, KINDS, Span, report

DEFAULT_DAYS = 30
#: More lines are in the CSV.
MOST = 100
#: A plot of more points than these has no room for them.
LONGEST = {"day": timedelta(days=366), "week": timedelta(days=3 * 366), "month": timedelta(days=20 * 366)}
TABS = {
    "resource_id": "statistics",
    "format": "statistics-formats",
    "period": "statistics-periods",
    "domain": "statistics-domains",
}


def span_from(request: HttpRequest, resource_id: str = "") -> Span:
    """The span that the query string asks for; what cannot be read is the default: the last 30 days, by day."""
    today = datetime.now(UTC).date()
    last = _day(request.GET.get("until", "")) or today
    first = _day(request.GET.get("since", "")) or last - timedelta(days=DEFAULT_DAYS - 1)
    unit = request.GET.get("unit", "")
    unit = unit if unit in UNITS else "day"
    return Span(max(min(first, last), last - LONGEST[unit]), last, unit, resource_id)


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _guard(request: HttpRequest) -> None:
    if not request.user.has_perm("stats.view_dailysum"):
        raise PermissionDenied


def table(request: HttpRequest, context: dict[str, Any], kind: str) -> HttpResponse:
    """One table, as a page or (``?export=csv``) as a file."""
    _guard(request)
    span = span_from(request)
    rows = report(kind, span)
    export = request.GET.get("export") == "csv"
    listed = rows if export else rows[:MOST]
    if kind == "resource_id":
        names = resource_names.names([row["key"] for row in listed], public=False)
        listed = [{**row, "resource": names[row["key"]]} for row in listed]
    if export:
        return _as_csv(f"statistics-by-{KINDS[kind].lower()}.csv", KINDS[kind], listed)
    tabs = [(other, f"admin:{name}", KINDS[other]) for other, name in TABS.items()]
    shown = {"kind": kind, "heading": KINDS[kind], "rows": listed, "count": len(rows), "tabs": tabs}
    plots = _plots(span, rows) if kind == "period" else []
    common = {**context, **_choices(request, span), "title": f"Statistics by {KINDS[kind].lower()}", "plots": plots}
    return render(request, "admin/statistics/table.html", {**common, **shown})


def resource(request: HttpRequest, context: dict[str, Any], resource_id: str) -> HttpResponse:
    """Everything about one resource."""
    _guard(request)
    span = span_from(request, resource_id)
    rows = report("period", span)
    if request.GET.get("export") == "csv":
        return _as_csv("statistics-of-resource.csv", "Period", rows)
    called = resource_names.names([resource_id], public=False)[resource_id]
    shown = {
        "resource_id": resource_id,
        "resource": called,
        "totals": queries.totals(resource_id).get(resource_id),
        "plots": _plots(span, rows),
        "heading": "Format",
        "rows": report("format", span),
    }
    common = {**context, **_choices(request, span), "title": called.resource_label}
    return render(request, "admin/statistics/resource.html", {**common, **shown})


def _choices(request: HttpRequest, span: Span) -> dict[str, Any]:
    export = request.GET.copy()
    export["export"] = "csv"
    kept = request.GET.copy()
    kept.pop("export", None)
    return {"span": span, "units": UNITS, "export": export.urlencode(), "kept": kept.urlencode()}


def _plots(span: Span, rows: list[dict[str, Any]]) -> list[Plot]:
    days = series(span.first, span.last, span.unit)
    by_day = [{**row, "day": row["key"]} for row in rows]
    times = [{"day": day, "median": None, "p95": None} for day in days]
    return [
        plot("requests", "Requests", days, by_day, {c: c for c in ("requests", "errors", "requesters")}),
        plot("rows", "Rows delivered", days, by_day, {"rows": "rows"}),
        plot("bytes", "Data sent", days, by_day, {"bytes": "sent"}, "bytes"),
        plot("seconds", "Build time (s)", days, [*times, *by_day], {"median": "median", "p95": "95th percentile"}),
    ]


def _as_csv(name: str, heading: str, rows: list[dict[str, Any]]) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    writer = csv.writer(response)
    # titles come last: scripts count on the columns before
    titles = ("resource_title", "dataset_title") if any("resource" in row for row in rows) else ()
    writer.writerow([heading.lower(), *COLUMNS, *titles])
    for row in rows:
        named = [defused(getattr(row["resource"], title)) for title in titles]
        writer.writerow([defused(str(row["key"])), *(row[column] for column in COLUMNS), *named])
    return response


View = Callable[..., HttpResponse]
#: Addresses (below ``statistics/``), views that take a request and the context of the admin, and their names.
ROUTES: list[tuple[str, View, str]] = [
    ("", partial(table, kind="resource_id"), TABS["resource_id"]),
    ("formats/", partial(table, kind="format"), TABS["format"]),
    ("periods/", partial(table, kind="period"), TABS["period"]),
    ("domains/", partial(table, kind="domain"), TABS["domain"]),
    ("resource/<path:resource_id>/", resource, "statistics-resource"),
]
