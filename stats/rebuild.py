"""Sums and requesters made anew from the records, should they ever be in doubt."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any

from django.db import models, transaction
from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncDate

from stats import daily_totals
from stats.models import ALL, BuildRecord, DailySum, DownloadRecord, ErrorRecord, Requester, RequestRecord

Key = tuple[date, str, str]

#: From which records, and how, each counter comes.
SOURCES: list[tuple[type[models.Model], dict[str, Any]]] = [
    (RequestRecord, {"requests": Count("id"), "cached": Count("id", filter=Q(cached=True)), "rows": Sum("rows")}),
    (ErrorRecord, {"errors": Count("id")}),
    (BuildRecord, {"builds": Count("id"), "built_rows": Sum("rows"), "build_seconds": Sum("seconds")}),
    (DownloadRecord, {"downloads": Count("id"), "bytes": Sum("size")}),
]
BATCH = 1000


def rebuild() -> dict[str, int]:
    """Throw the derived tables away and make them again, in one transaction; writers wait meanwhile.

    Returns how many ``sums`` and ``requesters`` there are now.
    """
    with transaction.atomic():
        daily_totals.lock()
        DailySum.objects.all().delete()
        Requester.objects.all().delete()
        rows = _sums()
        DailySum.objects.bulk_create(rows, batch_size=BATCH)
        pairs = RequestRecord.objects.exclude(email="").order_by().values_list("resource_id", "email").distinct()
        found = {(name, daily_totals.requester_key(email)) for name, email in pairs.iterator()}
        found |= {(ALL, email) for _, email in found}
        people = [Requester(resource_id=name, email=email) for name, email in sorted(found)]
        Requester.objects.bulk_create(people, batch_size=BATCH)
    return {"sums": len(rows), "requesters": len(people)}


def _sums() -> list[DailySum]:
    found: dict[Key, DailySum] = {}
    for model, counters in SOURCES:
        # Under aliases of their own: the counter `rows` sums a field of that name.
        aliased = {f"sum_{name}": counter for name, counter in counters.items()}
        rows = model._default_manager.order_by().annotate(day=TruncDate("at", tzinfo=UTC))
        for row in rows.values("day", "resource_id", "format").annotate(**aliased).iterator():
            key = (row["day"], row["resource_id"], row["format"])
            total = found.setdefault(key, DailySum(day=key[0], resource_id=key[1], format=key[2]))
            for name in counters:
                setattr(total, name, row[f"sum_{name}"] or 0)
    return list(found.values())
