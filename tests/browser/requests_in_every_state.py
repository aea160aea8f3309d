"""Requests in every state that a requester can meet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from demo.ckan import DemoCkan
from packager.lifecycle import maintenance, requests, transitions
from packager.models import Kind, Package, PackageRequest
from packager.streaming.notes import Note, saved
from packager.submission import Submission
from tests.packager.conftest import run_tasks

PARAMETERS = {"filters": {"_id": {"lte": 800}}, "fields": ["_id", "scientificName"], "sort": "_id desc"}


def queued(ckan: DemoCkan, **changes: Any) -> PackageRequest:
    """Waits in the queue."""
    plain = {"kind": Kind.DATASTORE, "resource_id": ckan.resources["small"].id, "api_url": ckan.api_url}
    plain |= {"format": "csv", "email": "ada@example.org"}
    return requests.submit(Submission(**{**plain, **changes}))


def running(ckan: DemoCkan) -> PackageRequest:
    """About 40 % are done, after two minutes."""
    request = queued(ckan)
    claim = transitions.claim(request.pk, "a worker")
    transitions.report(claim, rows_done=1_234_567, rows_total=3_000_000)
    PackageRequest.objects.filter(pk=request.pk).update(started_at=timezone.now() - timedelta(minutes=2))
    return request


def running_without_end(ckan: DemoCkan) -> PackageRequest:
    """Nobody knows how many rows there are."""
    request = queued(ckan)
    transitions.report(transitions.claim(request.pk, "a worker"), rows_done=4711)
    return request


def succeeded(ckan: DemoCkan) -> PackageRequest:
    """Its package is there."""
    request = queued(ckan, parameters=PARAMETERS)
    run_tasks()
    request.refresh_from_db()
    return request


def doubtful(ckan: DemoCkan) -> PackageRequest:
    """Its package says that nobody knows whether it is whole."""
    request = succeeded(ckan)
    Package.objects.filter(pk=request.package_id).update(notes=[saved(Note("total_unknown"))])
    return request


def matching_nothing(ckan: DemoCkan) -> PackageRequest:
    """No row has what its filter asks for."""
    request = queued(ckan, parameters={"filters": {"_id": -1}})
    run_tasks()
    request.refresh_from_db()
    return request


def failed(ckan: DemoCkan) -> PackageRequest:
    """There is no such resource."""
    request = queued(ckan, resource_id="00000000-0000-0000-0000-000000000000")
    run_tasks()
    return request


def cancelled(ckan: DemoCkan) -> PackageRequest:
    """Was cancelled."""
    return requests.cancel(queued(ckan).pk)


def expired(ckan: DemoCkan) -> PackageRequest:
    """Its package is gone."""
    request = succeeded(ckan)
    Package.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    maintenance.expire_packages()
    return request


def expired_private(ckan: DemoCkan) -> PackageRequest:
    """Its package is gone, and so is the key that it took."""
    request = expired(ckan)
    PackageRequest.objects.filter(pk=request.pk).update(key_used=True)
    return request


STATES: dict[str, Callable[[DemoCkan], PackageRequest]] = {
    state.__name__: state
    for state in (
        queued,
        running,
        running_without_end,
        succeeded,
        doubtful,
        matching_nothing,
        failed,
        cancelled,
        expired,
        expired_private,
    )
}
