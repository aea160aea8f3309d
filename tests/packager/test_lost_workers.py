"""A build whose worker died is noticed, fenced off and built again."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from django_q.models import OrmQ

from packager.errors import BuildFenced
from packager.lifecycle import builds, maintenance, requests, transitions
from packager.models import Package, PackageRequest, Status
from packager.storage import stores
from tests.packager.conftest import run_tasks


@pytest.fixture
def abandoned(portal, submission):
    """A request that a worker claimed an hour ago and left, and the claim."""
    request = requests.submit(submission())
    OrmQ.objects.all().delete()
    with time_machine.travel(timezone.now() - timedelta(hours=1)):
        claim = transitions.claim(request.pk, "gone:1")
    return request, claim


def test_a_build_without_heartbeat_is_queued_and_built_again(abandoned):
    request, _ = abandoned
    assert maintenance.requeue_stale() == 1
    run_tasks()
    request.refresh_from_db()
    assert (request.status, request.attempt, request.worker_failures) == (Status.SUCCEEDED, 2, 1)


def test_the_old_worker_can_no_longer_report_or_finish(abandoned):
    request, old = abandoned
    maintenance.requeue_stale()
    run_tasks()
    request.refresh_from_db()
    assert transitions.report(old, rows_done=1) is False
    assert transitions.succeed(old, request.package) is False


def test_what_a_fenced_worker_stored_is_thrown_away(portal, submission, monkeypatch):
    request = requests.submit(submission())
    original = transitions.succeed
    monkeypatch.setattr(
        transitions,
        "succeed",
        lambda claim, package, **more: original(type(claim)(claim.request_id, 99), package, **more),
    )
    builds.build_next(request.queue)
    assert Package.objects.count() == 0
    assert not list(stores.default().directory.glob("*/*.zip"))


def test_a_build_that_is_alive_is_left_alone(portal, submission):
    request = requests.submit(submission())
    transitions.claim(request.pk, "here:1")
    maintenance.requeue_stale()
    request.refresh_from_db()
    assert request.status == Status.RUNNING


def test_two_workers_never_build_the_same(portal, submission):
    request = requests.submit(submission())
    assert transitions.claim(request.pk, "one:1") is not None
    assert transitions.claim(request.pk, "two:2") is None


def test_workers_that_keep_dying_end_in_a_failure(abandoned, settings):
    settings.PACKAGER_MAX_LOSSES = 1
    request, _ = abandoned
    maintenance.requeue_stale()
    request.refresh_from_db()
    assert (request.status, request.error_code) == (Status.FAILED, "worker_lost")


def test_a_request_whose_task_got_lost_is_handed_over_again(portal, submission):
    with time_machine.travel(timezone.now() - timedelta(hours=1)):
        request = requests.submit(submission())
        OrmQ.objects.all().delete()
    maintenance.requeue_stale()
    run_tasks()
    request.refresh_from_db()
    assert request.status == Status.SUCCEEDED


def test_a_request_whose_task_got_lost_is_not_forgotten_under_a_steady_stream(portal, submission):
    with time_machine.travel(timezone.now() - timedelta(minutes=10)):
        lost = [requests.submit(submission(parameters={"limit": limit})) for limit in (1, 2)]
        OrmQ.objects.all().delete()
    requests.submit(submission(parameters={"limit": 3}))
    run_tasks(most=1)
    requests.submit(submission(parameters={"limit": 4}))
    maintenance.requeue_stale()
    run_tasks()
    assert {PackageRequest.objects.get(pk=request.pk).status for request in lost} == {Status.SUCCEEDED}


def test_a_task_that_still_waits_is_not_handed_over_twice(portal, submission):
    with time_machine.travel(timezone.now() - timedelta(hours=1)):
        requests.submit(submission())
    maintenance.requeue_stale()
    assert OrmQ.objects.count() == 1


def test_a_lost_claim_leaves_the_heartbeat_as_fenced(abandoned, settings):
    from packager.lifecycle.heartbeat import Heartbeat

    settings.PACKAGER_HEARTBEAT = 0.01
    request, claim = abandoned
    PackageRequest.objects.filter(pk=request.pk).update(attempt=7)
    stopped = []

    def build() -> None:
        with Heartbeat(claim, request.queue) as heartbeat:
            heartbeat.stops(lambda: stopped.append(True))
            heartbeat._thread.join(10)
            raise OSError("the source was closed")

    with pytest.raises(BuildFenced):
        build()
    assert stopped
