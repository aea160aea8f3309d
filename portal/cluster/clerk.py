"""What a cluster has to do with database and broker on its own account, in a process that may wait for them."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.conf import Conf
from django_q.scheduler import scheduler

from portal.cluster.channel import Flag, Moment
from portal.cluster_registry import INTERVAL, SignOfLife

log = logging.getLogger(__name__)
#: Seconds between two looks at what is to be done, and between two at the schedules.
CYCLE, SCHEDULES = 0.2, 30.0
#: Seconds without a beat of the supervisor after which the cluster counts as wedged: nobody looks after it.
SUPERVISOR_LOST_AFTER = 10.0


class Shared:
    """What supervisor and clerk tell each other.

    ``stop``: the cluster shall end. ``beat``: when the supervisor last looked. ``wedged``: since when tasks are not
    taken. ``started_at``: when the cluster was.
    """

    def __init__(self) -> None:
        self.started_at = timezone.now()
        self.stop = Flag()
        self.beat = Moment()
        self.wedged = Moment()

    @property
    def wedged_for(self) -> float | None:
        """Seconds for which the cluster has been wedged; None if it is not."""
        beat = self.beat.age
        return beat if beat is not None and beat > SUPERVISOR_LOST_AFTER else self.wedged.age


def serve(shared: Shared) -> None:
    """Shows that the cluster lives and how it is, and calls the schedules, until ``stop``."""
    sign = SignOfLife(settings.Q_CLUSTER_NAME, Conf.WORKERS, os.getppid(), shared.started_at)
    broker = get_broker()

    duties = [
        _Duty(INTERVAL, lambda: shared.wedged_for is not None, lambda: sign.show(shared.wedged_for)),
        _Duty(SCHEDULES, lambda: None, lambda: scheduler(broker=broker)),
    ]
    while not shared.stop.is_set():
        for duty in duties:
            duty.see_to()
        time.sleep(CYCLE)
    sign.take_back()


class _Duty:
    """Something to be done every ``seconds``, and at once when ``urgent`` tells something else than before."""

    def __init__(self, seconds: float, urgent: Callable[[], object], work: Callable[[], None]) -> None:
        self._seconds, self._urgent, self._work = seconds, urgent, work
        self._next, self._before = 0.0, urgent()

    def see_to(self) -> None:
        """Do it if it is time."""
        told = self._urgent()
        if time.monotonic() < self._next and told == self._before:
            return
        self._next, self._before = time.monotonic() + self._seconds, told
        try:
            self._work()
        except Exception as error:  # of database and broker alike: they may be away for a while, and this goes on
            log.error("the cluster could not see to its duties: %s", type(error).__name__)
            connection.close()
