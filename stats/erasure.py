"""Deleting the addresses of single requests from the statistics; what was counted of them stays."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Lower

from stats.daily_totals import requester_key
from stats.models import ALL, ErrorRecord, Requester, RequestRecord


@transaction.atomic
def forget(request_ids: Sequence[UUID]) -> None:
    """Take the addresses out of the records of these requests; nobody is a requester without a record."""
    found: set[str] = set()
    for model in (RequestRecord, ErrorRecord):
        records = model._default_manager.filter(request_id__in=request_ids).exclude(email="").order_by()
        found.update(records.values_list("email", flat=True))
        records.update(email="")
    _drop_requesters({requester_key(email) for email in found})


def _drop_requesters(keys: set[str]) -> None:
    written = keys | {key.lower() for key in keys}
    left = RequestRecord.objects.order_by().annotate(key=Lower("email")).filter(key__in={key.lower() for key in keys})
    pairs = {(name, requester_key(email)) for name, email in left.values_list("resource_id", "email").distinct()}
    pairs |= {(ALL, email) for _, email in pairs}
    known = Requester.objects.filter(email__in=written).values_list("pk", "resource_id", "email")
    Requester.objects.filter(pk__in=[pk for pk, name, email in known if (name, email) not in pairs]).delete()
