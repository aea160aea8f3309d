"""Asks data portals what their resources are called, and keeps the answers: with requests, and with what is public.

Only workers and ``manage.py fill_titles`` ask. A data portal that gives no answer leaves titles empty; nothing fails.
"""

from __future__ import annotations

import logging
import time
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from packager import assembly, events
from packager.intake.quick_look import quick_look
from packager.models import Kind, Package, PackageRequest, Status
from packager.querysets import RequestQuerySet
from packager.streaming.facts import Titles, titles_of
from packager.streaming.http import RetryPolicy
from packager.streaming.sources.base import Describes
from packager.submission import Submission, from_request
from packager.titles import PublicTitles

log = logging.getLogger(__name__)
#: What a data portal says is believed for so long; where it said nothing, it is asked again after so long.
BELIEVED, UNKNOWN = timedelta(hours=1), timedelta(minutes=5)
#: How long a build waits for titles: connecting, between two bytes, and in all (seconds). Asked twice, with and without
#: a key, it is still shorter than the look that the fast cluster takes.
RETRY_POLICY, SECONDS = RetryPolicy(connect=2, read=4, attempts=1), 4.0
#: The same for requests that wait: seconds in all, and requests at a time. Mails share the cluster.
WAITING, MOST_WAITING = 10.0, 50
NOTHING = {"resource_title": "", "dataset_title": ""}


def learn(request: PackageRequest) -> Titles:
    """Ask what the resource of ``request`` is called, and keep it with the request and with those that joined it.

    The public answer comes first, for that can be shared. Only if there is none is the data portal asked with the
    requester's key, and what it says then stays with this request. Returns what is known then.
    """
    submission = from_request(request)
    titles = public(submission)
    if not titles and submission.key:
        titles = ask(submission)
        _tell(submission, titles, public=False)
    if titles:
        request.titles = titles
        PackageRequest.objects.filter(Q(pk=request.pk) | Q(leader=request.pk)).update(**titles.columns)
    return request.titles


def name_waiting() -> int:
    """Learn what requests are about that nobody has begun to build; stops after ``WAITING`` seconds.

    Returns for how many requests somebody was asked.
    """
    until, asked = time.monotonic() + WAITING, 0
    for request in untitled().leading().filter(status=Status.QUEUED).order_by("queued_at")[:MOST_WAITING]:
        if time.monotonic() > until:
            break
        learn(request)
        asked += 1
    return asked


def public(submission: Submission) -> Titles:
    """What the data portal tells everybody now, or told a short while ago."""
    place: dict[str, Any] = {"ckan_host": submission.ckan_host, "resource_id": submission.resource_id}
    before = PublicTitles.objects.filter(**place).first()
    if before and timezone.now() - before.asked_at < (BELIEVED if before.titles else UNKNOWN):
        return before.titles
    titles = ask(replace(submission, key=""))
    PublicTitles.objects.update_or_create(**place, defaults={**titles.columns, "asked_at": timezone.now()})
    _tell(submission, titles, public=True)
    return titles


def ask(submission: Submission) -> Titles:
    """What the data portal tells those who have the key of ``submission``; nothing is kept. Never raises an error."""
    table = _table(submission)
    if table is None:
        return Titles()
    try:
        with closing(assembly.table_source(table, RETRY_POLICY)) as source:
            if not isinstance(source, Describes):
                return Titles()
            return titles_of(quick_look(partial(source.describe, table.resource_id), source.close, SECONDS))
    except Exception as error:  # a title is never worth a request, whatever a plugin's source may raise
        log.info("the titles of %s could not be read: %s", submission.resource_id, type(error).__name__)
        return Titles()


def _table(submission: Submission) -> Submission | None:
    """Where to ask. Of a file CKAN is known if it keeps it itself: ``/dataset/<id>/resource/<id>/download/<name>``."""
    if submission.kind == Kind.DATASTORE:
        return submission
    before, found, _name = submission.resource_url.partition(f"/resource/{submission.resource_id}/download/")
    site, in_dataset, _dataset = before.rpartition("/dataset/")
    if not (found and in_dataset):
        return None
    return replace(submission, kind=Kind.DATASTORE, api_url=f"{site}/api/3/action/datastore_search", resource_url="")


def _tell(submission: Submission, titles: Titles, *, public: bool) -> None:
    if not titles:
        return
    named = events.ResourceNamed(
        at=timezone.now(),
        ckan_host=submission.ckan_host,
        resource_id=submission.resource_id,
        public=public,
        **titles.columns,
    )
    # no witness is asked: one that raises would fail the build
    transaction.on_commit(partial(events.publish, named))


# ------------------------------------------------------------------------ requests from before titles were asked for


def untitled() -> RequestQuerySet:
    """Requests without titles, but for those of resources about which the data portal said nothing a while ago."""
    silent = PublicTitles.objects.filter(
        ckan_host=OuterRef("ckan_host"),
        resource_id=OuterRef("resource_id"),
        resource_title="",
        dataset_title="",
        asked_at__gt=timezone.now() - BELIEVED,
    )
    return PackageRequest.objects.filter(**NOTHING).exclude(Exists(silent))


def fill(ckan_host: str, resource_id: str) -> int:
    """Ask for the titles of a resource as everybody may, and put them where they are missing.

    Returns how many requests have them now; 0 if the data portal tells nobody.
    """
    rows = PackageRequest.objects.filter(ckan_host=ckan_host, resource_id=resource_id, **NOTHING)
    newest = rows.order_by("-created_at").first()
    titles = public(from_request(newest)) if newest else Titles()
    if not titles:
        return 0
    packages = Package.objects.filter(requests__in=rows, **NOTHING).values_list("pk", flat=True)
    Package.objects.filter(pk__in=list(packages)).update(**titles.columns)
    return rows.update(**titles.columns)
