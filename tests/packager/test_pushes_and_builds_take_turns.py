"""Pushes wait in the same queues as builds: neither holds up the other, and no task that got lost is missed."""

from __future__ import annotations

import pytest
from django_q.models import OrmQ

from packager.lifecycle import maintenance, requests
from packager.models import PackageRequest, Status
from pusher import lifecycle, running
from pusher.models import PushJob, State
from pusher.submission import Submission
from tests.packager.conftest import run_tasks

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def begun(portal, monkeypatch) -> list[str]:
    """What workers begin, in its order; all of it is over at once."""
    order: list[str] = []

    def build(claim) -> None:
        order.append("build")
        PackageRequest.objects.filter(pk=claim.request_id).update(status=Status.CANCELLED)

    def push(claim) -> None:
        order.append("push")
        lifecycle.succeed(claim)

    monkeypatch.setattr("packager.lifecycle.builds._build", build)
    monkeypatch.setattr("pusher.running._run", push)
    return order


@pytest.fixture
def wait(submission):
    """Makes so many pushes, or builds, wait."""

    def pushes(count: int, **more) -> None:
        for n in range(count):
            metadata = {"ckan_url": "http://127.0.0.1:1/", "resource_id": f"r-{PushJob.objects.count()}-{n}"}
            lifecycle.submit(Submission.new("push_to_datastore", "k", metadata), **more)

    def builds(count: int) -> None:
        for _ in range(count):
            requests.submit(submission(parameters={"limit": PackageRequest.objects.count() + 1}))

    return {"push": pushes, "build": builds}


@pytest.mark.parametrize(("many", "few"), [("push", "build"), ("build", "push")])
def test_few_do_not_wait_for_many_of_the_other_kind(begun, wait, many, few):
    wait[many](20)
    run_tasks(4)
    wait[few](3)
    run_tasks()
    assert begun == [many] * 4 + [few, many] * 3 + [many] * 13


@pytest.mark.parametrize(("lost", "other"), [("push", "build"), ("build", "push")])
def test_a_task_that_got_lost_is_made_up_for_while_others_still_wait(begun, wait, lost, other):
    wait[lost](3)
    OrmQ.objects.all().delete()
    wait[other](5)
    maintenance.requeue_stale()
    assert OrmQ.objects.filter(key="fast").count() == 8
    run_tasks()
    assert (begun.count(lost), begun.count(other)) == (3, 5)


def test_pushes_of_one_queue_begin_in_the_order_in_which_they_came(begun, wait):
    wait["push"](5)
    run_tasks()
    assert list(PushJob.objects.order_by("started_at").values_list("pk", flat=True)) == sorted(
        PushJob.objects.values_list("pk", flat=True)
    )


def test_a_push_that_somebody_runs_by_hand_is_no_clusters(begun, wait):
    wait["push"](1, queue=lifecycle.HERE)
    maintenance.requeue_stale()
    run_tasks()
    assert begun == []
    job = PushJob.objects.get()
    running.run(job.pk)
    job.refresh_from_db()
    assert (begun, job.queue, job.state) == (["push"], "slow", State.SUCCEEDED)
