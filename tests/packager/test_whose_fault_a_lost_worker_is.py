"""A worker that died alone counts against its build; one that was killed with its cluster does not."""

from __future__ import annotations

import os
import socket
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from packager.lifecycle import maintenance, requests, transitions, workers
from packager.models import Cluster, PackageRequest, Status
from portal.cluster_registry import SignOfLife
from pusher.maintenance import tend
from pusher.models import PushJob, State

HOST, PID = "machine", 7


@pytest.fixture
def lose(portal, submission):
    """A function that has requests claimed by the cluster's workers, who fall silent; the time of their last sign."""

    def lose(count=1, *, limit=0):
        rows = [requests.submit(submission(parameters={"limit": limit + n + 1})) for n in range(count)]
        for number, row in enumerate(rows):
            assert transitions.claim(row.pk, f"{HOST}:{PID}:{100 + number}")
        return rows

    return lose


def cluster(**changes):
    """The cluster's row."""
    now = timezone.now()
    plain = {"queue": "fast", "host": HOST, "pid": PID, "workers": 2, "started_at": now, "seen_at": now}
    return Cluster.objects.create(**{**plain, **changes})


def after(**time):
    """So much later."""
    return time_machine.travel(timezone.now() + timedelta(**time), tick=False)


def failures(row):
    row.refresh_from_db()
    return row.status, row.worker_failures


def test_it_counts_if_the_cluster_went_on(lose):
    row = cluster()
    (lost,) = lose()
    with after(minutes=2):
        Cluster.objects.filter(pk=row.pk).update(seen_at=timezone.now())
        maintenance.requeue_stale()
    assert failures(lost) == (Status.QUEUED, 1)
    assert lost.history.last().note == "the worker that built it stopped"


@pytest.mark.parametrize("how", ["its row is silent", "its row is gone", "another machine lives"])
def test_it_does_not_count_if_the_cluster_fell_silent_with_it(lose, how):
    row = cluster()
    (lost,) = lose()
    with after(minutes=2):
        if how != "its row is silent":
            row.delete()
        if how == "another machine lives":
            cluster(host="another", started_at=row.started_at)
        maintenance.requeue_stale()
    assert failures(lost) == (Status.QUEUED, 0)
    assert lost.history.last().note == "the cluster that built it was cut off"


def test_a_build_outlives_any_number_of_killed_clusters_that_is_likely(lose, settings):
    (lost,) = lose()
    for hour in range(1, 5 * settings.PACKAGER_MAX_LOSSES):
        with after(hours=hour):
            maintenance.requeue_stale()
            transitions.claim(lost.pk, f"{HOST}:{PID}:{hour}")
    assert failures(lost) == (Status.RUNNING, 0)


def test_one_that_never_comes_to_an_end_is_suspected_of_killing_them(lose, settings):
    (lost,) = lose()
    for hour in range(1, 12 * settings.PACKAGER_MAX_LOSSES):
        with after(hours=hour):
            maintenance.requeue_stale()
            transitions.claim(lost.pk, f"{HOST}:{PID}:{hour}")
    assert failures(lost) == (Status.FAILED, settings.PACKAGER_MAX_LOSSES - 1)
    assert lost.error_code == "worker_lost"


def test_a_cluster_that_was_started_again_under_the_same_number_is_another_one(lose):
    cluster()
    (lost,) = lose()
    with after(minutes=2):
        Cluster.objects.update(started_at=timezone.now(), seen_at=timezone.now())
        maintenance.requeue_stale()
    assert failures(lost) == (Status.QUEUED, 0)


def test_several_workers_that_die_at_once_have_died_of_something_else(lose):
    row = cluster()
    lost = lose(2)
    with after(minutes=2):
        Cluster.objects.filter(pk=row.pk).update(seen_at=timezone.now())
        maintenance.requeue_stale()
    assert [failures(one) for one in lost] == [(Status.QUEUED, 0)] * 2


def test_whoever_dies_alone_again_and_again_fails(lose, settings):
    row = cluster()
    (lost,) = lose()
    for hour in range(1, settings.PACKAGER_MAX_LOSSES + 1):
        with after(hours=hour):
            Cluster.objects.filter(pk=row.pk).update(seen_at=timezone.now())
            maintenance.requeue_stale()
            transitions.claim(lost.pk, f"{HOST}:{PID}:{hour}")
    assert failures(lost) == (Status.FAILED, settings.PACKAGER_MAX_LOSSES - 1)


def test_a_worker_is_known_by_its_cluster():
    host, cluster_pid, own = workers.worker_name().split(":")
    assert (host, int(cluster_pid), int(own)) == (socket.gethostname(), os.getppid(), os.getpid())


def test_a_cluster_signs_in_anew_when_it_is_started_again(transactional_db):
    before = timezone.now() - timedelta(hours=1)
    SignOfLife("fast", 2, 1, before).show(None)
    SignOfLife("fast", 2, 1, before).show(None)
    assert Cluster.objects.get().started_at == before
    now = timezone.now()
    SignOfLife("fast", 4, 1, now).show(None)
    row = Cluster.objects.get()
    assert (row.started_at, row.workers) == (now, 4)
    SignOfLife("fast", 4, 1, now).take_back()
    assert not Cluster.objects.exists()


def test_pushes_are_judged_alike(transactional_db):
    now = timezone.now()
    job = PushJob.objects.create(
        job_id="one", job_type="push_to_datastore", created_at=now, queued_at=now, attempt=1, started_at=now,
        heartbeat_at=now, state=State.RUNNING, worker=f"{HOST}:{PID}:9",
    )  # fmt: skip
    with after(minutes=2):
        tend()
    job.refresh_from_db()
    assert (job.state, job.worker_failures) == (State.QUEUED, 0)


def test_a_build_that_was_running_before_an_update_still_counts(lose):
    (lost,) = lose()
    PackageRequest.objects.update(worker=f"{HOST}:100")
    with after(minutes=2):
        maintenance.requeue_stale()
    assert failures(lost) == (Status.QUEUED, 1)
