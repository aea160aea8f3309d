"""Forgetting: the records of one kind, and what was summed of them."""

from __future__ import annotations

from django.db import transaction

from stats.models import DailySum, ErrorRecord, OpeningBalance, Requester, RequestRecord


@transaction.atomic
def reset_requests() -> int:
    """Delete the records of served requests, their sums, requesters and balances; returns the number of records."""
    DailySum.objects.update(requests=0, cached=0, rows=0)
    Requester.objects.all().delete()
    OpeningBalance.objects.update(requests=0, emails=0)
    return RequestRecord.objects.all().delete()[0]


@transaction.atomic
def reset_errors() -> int:
    """Delete the records of failures, their sums and balances; returns the number of records."""
    DailySum.objects.update(errors=0)
    OpeningBalance.objects.update(errors=0)
    return ErrorRecord.objects.all().delete()[0]


RESETS = {"requests": reset_requests, "errors": reset_errors}
