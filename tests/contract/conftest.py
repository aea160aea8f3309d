"""What the tests of the contract share: the fixtures of the packager, and a web server that is no CKAN."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.conf import Conf
from django_q.models import Schedule
from django_q.scheduler import scheduler

from portal.schedules import make_schedules
from tests.packager.conftest import _ckan, built, ckan, made, members, portal, post, run_tasks, submission  # noqa: F401


@pytest.fixture
def site(httpserver: Any) -> Iterator[Any]:
    """A web server that is no CKAN; ``url`` gives addresses on it."""
    httpserver.url = lambda path: f"http://127.0.0.1:{httpserver.port}{path}"
    yield httpserver
    httpserver.clear()


@pytest.fixture
def by_the_clock(transactional_db: None, monkeypatch: Any) -> Callable[[], int]:
    """Lets the scheduler of the mail cluster do what is due, as it does every half minute."""
    make_schedules()
    monkeypatch.setattr(Conf, "CLUSTER_NAME", "mail")

    def tick() -> int:
        Schedule.objects.update(next_run=timezone.now() - timedelta(minutes=1))
        scheduler(broker=get_broker("mail"))
        return run_tasks()

    return tick
