"""From events to records and sums, each event in one transaction."""

from __future__ import annotations

from datetime import UTC
from functools import singledispatch

from django.db import transaction

from packager import events
from stats import counters, daily_totals, erasure, resource_names
from stats.anonymise import domain_of, kept
from stats.models import BuildRecord, DownloadRecord, ErrorRecord, RequestRecord


@singledispatch
def record(event: events.AnyEvent) -> None:
    """Note what happened. Events that the statistics do not count are passed over."""


@record.register
def _served(event: events.RequestServed) -> None:
    # The hash takes its time, and is made before the transaction holds anybody up.
    email = kept(event.email)
    builds = BuildRecord.objects.filter(request_id=event.request_id).order_by("-at", "-id")
    with transaction.atomic():
        RequestRecord.objects.create(
            **_common(event),
            email=email,
            domain=domain_of(event.email),
            rows=event.rows,
            size=event.size,
            cached=event.cached,
            seconds=None if event.cached else builds.values_list("seconds", flat=True).first(),
        )
        _add(event, requests=1, cached=int(event.cached), rows=event.rows or 0)
        daily_totals.remember(event.resource_id, email)
        counters.add(counters.Name.SERVED, "cached" if event.cached else "built", event.rows or 0)


@record.register
def _failed(event: events.RequestFailed) -> None:
    email = kept(event.email)
    with transaction.atomic():
        ErrorRecord.objects.create(
            **_common(event),
            email=email,
            domain=domain_of(event.email),
            message=event.message,
            code=event.code,
        )
        _add(event, errors=1)
        counters.add(counters.Name.FAILED, event.code)


@record.register
def _built(event: events.PackageBuilt) -> None:
    with transaction.atomic():
        BuildRecord.objects.create(**_common(event), rows=event.rows, size=event.size, seconds=event.seconds)
        _add(event, builds=1, built_rows=event.rows or 0, build_seconds=event.seconds)
        counters.add_build(event.seconds)


@record.register
def _downloaded(event: events.PackageDownloaded) -> None:
    with transaction.atomic():
        DownloadRecord.objects.create(**_common(event), size=event.size)
        _add(event, downloads=1, bytes=event.size)
        counters.add(counters.Name.DOWNLOADED, amount=event.size)


record.register(events.PersonalDataForgotten, lambda event: erasure.forget(event.request_ids))
record.register(events.ResourceNamed, resource_names.remember)


def _common(event: events.Event) -> dict[str, object]:
    return {
        "at": event.at,
        "request_id": event.request_id,
        "resource_id": event.resource_id,
        "ckan_host": event.ckan_host,
        "format": event.format,
    }


def _add(event: events.Event, **amounts: float) -> None:
    daily_totals.add(event.at.astimezone(UTC).date(), event.resource_id, event.format, **amounts)
