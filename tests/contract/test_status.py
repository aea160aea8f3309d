"""``/status``: what the original's README promised."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from packager.models import Cluster
from tests.packager.conftest import run_tasks


@pytest.mark.parametrize("path", ["/", "/status"])
def test_workers_waiting_and_done_are_counted(post, path):
    now = timezone.now()
    for queue, seen in (("fast", now), ("slow", now), ("slow", now - timedelta(hours=1)), ("mail", now)):
        Cluster.objects.create(queue=queue, host="h", pid=1, workers=2, started_at=now, seen_at=seen)
    post()
    run_tasks()
    post(filters='{"no such field": 1}')
    run_tasks()
    post(format="tsv")
    told = post(path).json()
    assert (told["worker_count"], told["queue_length"], told["processed_requests"]) == (4, 1, 2)
