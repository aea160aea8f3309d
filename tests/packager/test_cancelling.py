"""A request can be cancelled, running or not."""

from __future__ import annotations

import threading
import time

import pytest
from django.core import mail
from django.db import connection

from packager.errors import Conflict
from packager.lifecycle import builds, requests
from packager.models import Package, PackageRequest, Status
from packager.storage import stores
from tests.packager.conftest import run_tasks


def test_a_queued_request_is_cancelled_and_never_built(portal, submission):
    request = requests.submit(submission())
    requests.cancel(request.pk, actor="ada")
    run_tasks()
    request.refresh_from_db()
    assert (request.status, request.package) == (Status.CANCELLED, None)
    assert request.history.last().actor == "ada"


def test_a_finished_request_cannot_be_cancelled(built):
    request = built()
    with pytest.raises(Conflict):
        requests.cancel(request.pk)


def test_a_cancelled_request_can_be_retried(portal, submission):
    request = requests.submit(submission())
    requests.cancel(request.pk)
    requests.retry(request.pk)
    run_tasks()
    request.refresh_from_db()
    assert request.status == Status.SUCCEEDED


def _build_aside(request: PackageRequest) -> threading.Thread:
    def build() -> None:
        try:
            builds.build_next(request.queue)
        finally:
            connection.close()

    thread = threading.Thread(target=build)
    thread.start()
    return thread


def _wait_for(request: PackageRequest, status: str) -> None:
    for _ in range(200):
        request.refresh_from_db()
        if request.status == status:
            return
        time.sleep(0.02)
    raise AssertionError(f"{request.status} is not {status}")


def test_a_running_build_stops_soon_and_leaves_nothing(portal, submission, ckan, settings):
    settings.PACKAGER_HEARTBEAT = 0.05
    request = requests.submit(submission())
    ckan.faults.add("hang", seconds=60, times=9)
    thread = _build_aside(request)
    _wait_for(request, Status.RUNNING)
    requests.cancel(request.pk)
    ckan.faults.clear()
    thread.join(30)
    assert not thread.is_alive()
    request.refresh_from_db()
    assert request.status == Status.CANCELLED
    assert Package.objects.count() == 0
    assert not [path for path in stores.default().aside.iterdir() if path.suffix == ".part"]
    assert mail.outbox == []
