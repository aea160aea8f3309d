"""What data portals tell of their changes: a package begun before a change is never handed out or joined again.

Each change raises a number that is part of the fingerprint of every request for the resource; so what is under way goes
on for those who wait for it, and what comes later is other work. Whoever hears of a change, by whatever way, tells it
here: the API, the worker ``stale``, plugins.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from packager import events
from packager.errors import RequestError
from packager.intake import validation
from packager.models import Kind, PackageRequest, ResourceChange, StandingOrder
from packager.submission import Submission, from_request

#: What ``resource_show`` says of a resource that has to do with what is packed. The rows of a table that was written
#: straight into the datastore have notifications of their own.
FACTS = ("url", "url_type", "hash", "size", "last_modified", "state")
FACTS_OF_DATASTORE = ("url_type", "state")
DELETED = "deleted"
#: How long the data are left to settle before standing orders are built.
SETTLE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Notification:
    """What a data portal tells, in the words of CKAN's notifications.

    ``routing_key`` is ``Package``, ``Resource`` or ``Datastore``; others are passed over. ``payload`` is the dataset or
    resource as CKAN shows it, or for ``Datastore`` holds ``resource_id``.
    """

    routing_key: str
    operation: str
    payload: Mapping[str, Any]


def receive(notifications: Iterable[Notification], *, ckan_host: str = "", source: str) -> int:
    """Take note of what was told, all of it or (if one cannot be understood) nothing.

    Args:
        notifications: in the order in which they came.
        ckan_host: ``host`` or ``host:port`` of the data portal; empty if nobody says: then it holds for every one.
        source: who told, for staff.

    Returns:
        How many resources have changed.

    Raises:
        RequestError: no resource is named where one must be.
    """
    told: dict[str, list[str]] = defaultdict(list)
    for notification in notifications:
        for resource_id, facts in _resources(notification):
            told[resource_id].append(facts)
    return _note(told, ckan_host.lower(), source)


def resource_changed(resource_id: str, ckan_host: str = "", *, source: str) -> None:
    """Take note that the data of one resource changed; for the rest see ``receive``."""
    receive([Notification("Datastore", "changed", {"resource_id": resource_id})], ckan_host=ckan_host, source=source)


def _resources(notification: Notification) -> Iterator[tuple[str, str]]:
    """The resources that it is about; each with a digest of what it says, empty where it says that the data changed."""
    payload, gone = notification.payload, notification.operation == DELETED
    if notification.routing_key == "Resource":
        said = {**payload, "state": DELETED} if gone else payload
        names = FACTS_OF_DATASTORE if said.get("url_type") == "datastore" else FACTS
        facts = json.dumps({name: said.get(name) for name in names}, sort_keys=True, default=str)
        yield _id("id", payload), hashlib.sha256(facts.encode()).hexdigest()
    elif notification.routing_key == "Datastore":
        yield _id("resource_id", payload), ""
    elif notification.routing_key == "Package" and (gone or payload.get("state") == DELETED or payload.get("private")):
        resources = payload.get("resources") or []
        if not isinstance(resources, list):
            raise RequestError("Parameter payload.resources must be a list", field="payload.resources")
        for resource in resources:
            yield _id("resources", {"resources": resource.get("id") if isinstance(resource, dict) else resource}), ""


def _id(field: str, payload: Mapping[str, Any]) -> str:
    name = f"payload.{field}"
    return validation.short(name, validation.required(name, payload.get(field)), 255)


@transaction.atomic
def _note(told: Mapping[str, Sequence[str]], ckan_host: str, source: str) -> int:
    now, about = timezone.now(), {"ckan_host": ckan_host, "resource_id__in": list(told)}
    new = [ResourceChange(resource_id=name, ckan_host=ckan_host, changed_at=now) for name in sorted(told)]
    ResourceChange.objects.bulk_create(new, ignore_conflicts=True)
    # locked in one order, so that two who tell of the same never wait for each other
    rows = ResourceChange.objects.select_for_update().filter(**about).order_by("resource_id")
    changed = []
    for row in rows:
        is_new = False
        for digest in told[row.resource_id]:
            # an empty one says that the data changed, another one what is said of the resource now
            is_new |= not digest or digest != row.facts_digest
            row.facts_digest = digest or row.facts_digest
        if not is_new:
            continue
        changed.append(row)
        row.number, row.changed_at, row.source = row.number + 1, now, source[:150]
    where: dict[str, Any] = {"at": now, "ckan_host": ckan_host, "source": source}
    happened = (events.ResourceChanged(resource_id=row.resource_id, **where) for row in changed)
    events.announce(*happened, on_commit=transaction.on_commit)
    _wake_standing_orders(changed, ckan_host)
    ResourceChange.objects.bulk_update(changed, ["number", "changed_at", "source", "facts_digest"], batch_size=500)
    return len(changed)


def _wake_standing_orders(changed: Sequence[ResourceChange], ckan_host: str) -> None:
    """Those that wait for a change are due when the data have settled."""
    names = [row.resource_id for row in changed]
    waiting = StandingOrder.objects.filter(every="change", state="active", due_at=None, request__resource_id__in=names)
    if ckan_host:
        waiting = waiting.filter(Q(request__kind=Kind.URL) | Q(request__ckan_host=ckan_host))
    if names:
        waiting.update(due_at=timezone.now() + SETTLE)


def current(submission: Submission) -> Submission:
    """The submission for the data as they are now, as far as the portal was told."""
    about = _about(submission)
    return replace(submission, data_version=ResourceChange.objects.versions([about])[about])


def refresh(rows: Sequence[PackageRequest]) -> None:
    """Let requests that are taken up again be about the data of now, so that they join nothing that is too old."""
    versions = ResourceChange.objects.versions(_about(row) for row in rows)
    outdated = [row for row in rows if row.data_version != versions[_about(row)]]
    for row in outdated:
        row.data_version = versions[_about(row)]
        with suppress(RequestError):  # its format is gone: the build will say so
            row.fingerprint = from_request(row).fingerprint
    PackageRequest.objects.bulk_update(outdated, ["data_version", "fingerprint"])


def _about(wanted: Submission | PackageRequest) -> tuple[str, str]:
    # a file may lie anywhere, so that the host of its address says nothing of the data portal it belongs to
    return wanted.resource_id, "" if wanted.kind == Kind.URL else wanted.ckan_host
