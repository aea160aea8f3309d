"""Deleting people: the addresses of single requests from the statistics, or one person everywhere.

What was counted of them stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from packager.lifecycle import personal_data
from packager.lifecycle.personal_data import Erased
from stats.anonymise import hash_email
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
    keys = {requester_key(email) for email in found}
    lower = {key.lower() for key in keys}
    left = RequestRecord.objects.order_by().annotate(key=Lower("email")).filter(key__in=lower)
    pairs = {(name, requester_key(email)) for name, email in left.values_list("resource_id", "email").distinct()}
    pairs |= {(ALL, email) for _, email in pairs}
    known = Requester.objects.filter(email__in=keys | lower).values_list("pk", "resource_id", "email")
    Requester.objects.filter(pk__in=[pk for pk, name, email in known if (name, email) not in pairs]).delete()


def names_of(address: str) -> tuple[str, str]:
    """How a person may be kept: by the address, and by its hash."""
    plain = address.strip()
    return plain, hash_email(plain)


@transaction.atomic
def erase_person(address: str, actor: str) -> tuple[Erased, int]:
    """Delete a person from requests and statistics. Returns what went of the requests, and how many records it was."""
    names = names_of(address)
    records = sum(rows.update(email="", domain="") for rows in _records_of(names))
    Requester.objects.filter(email__in=[name.lower() for name in names[:1]] + [names[1]]).delete()
    return personal_data.erase(names, actor), records


def count_person(address: str) -> tuple[int, int]:
    """How many requests, and records of the statistics, ``erase_person`` would find."""
    names = names_of(address)
    return personal_data.requests_of(names).count(), sum(rows.count() for rows in _records_of(names))


def _records_of(names: tuple[str, str]) -> list[QuerySet[Any]]:
    wanted = Q(email__iexact=names[0]) | Q(email=names[1])
    return [model._default_manager.filter(wanted).order_by() for model in (RequestRecord, ErrorRecord)]
