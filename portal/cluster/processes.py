"""The processes of a cluster: django-q's own worker, pusher and monitor, with what lets others look after them."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.context import ForkContext, ForkProcess
from multiprocessing.sharedctypes import RawValue
from typing import Any

from django.db import connections
from django_q.brokers import get_broker
from django_q.monitor import monitor
from django_q.pusher import pusher
from django_q.signals import post_execute, post_execute_in_worker, pre_execute
from django_q.worker import worker

from portal.cluster.channel import Channel, Flag, Moment

#: From Linux's <sys/prctl.h>.
PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15
#: Seconds that a task which has outlived its time is given to end by its own alarm.
GRACE = 10
#: Seconds between two looks of the pusher for a worker that is free: at first, and at most.
FIRST_LOOK, LAST_LOOK = 0.002, 0.1

context: ForkContext = get_context("fork")


def start(role: str, target: Callable[..., None], *arguments: object) -> ForkProcess:
    """A process that runs ``target``. On Linux ``ps`` knows it as ``role``, and it is killed when this process dies."""
    parent = os.getpid()

    def run() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if sys.platform == "linux":
            libc = ctypes.CDLL(None)
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            libc.prctl(PR_SET_NAME, role.encode())
        if os.getppid() == parent:
            target(*arguments)

    connections.close_all()  # a connection must not be used on both sides of a fork
    process = context.Process(target=run)
    process.start()
    return process


class Slot:
    """The place of one worker in its cluster, and what the others see of it. Outlives the process that fills it."""

    def __init__(self, timeout: int) -> None:
        self.taken = RawValue("L", 0)
        self._timeout = timeout
        self._begun = Moment()
        self._limit = RawValue("d", 0.0)

    def fill(self, tasks: Channel, results: Channel) -> ForkProcess:
        """A process that takes tasks from ``tasks`` and puts what came of them into ``results``."""

        def begin(task: dict[str, Any], **_: object) -> None:
            self._limit.value = task.get("timeout", self._timeout)
            self._begun.now()
            self.taken.value += 1

        def work() -> None:
            pre_execute.connect(begin, weak=False)
            post_execute_in_worker.connect(lambda **_: self._begun.clear(), weak=False)
            # the timer is for django-q's own guard
            worker(tasks, results, context.Value("f", -1), self._timeout)

        self._begun.clear()
        return start("worker", work)

    @property
    def idle(self) -> bool:
        """Whether its worker waits for a task."""
        return self._begun.age is None

    @property
    def overdue(self) -> bool:
        """Whether its task takes longer than it may, and its own alarm did not end it."""
        age = self._begun.age
        return age is not None and age > self._limit.value + GRACE


def push(tasks: Channel, slots: Sequence[Slot], no_more: Flag, looked: Any) -> None:
    """Takes tasks from the broker whenever a worker is free, until ``no_more``; ``looked`` counts the looks."""
    pusher(tasks, no_more, _Unhurried(tasks, slots, looked))


class _Unhurried:
    """A broker that gives out no task while all workers are busy: another machine may have one that is free."""

    def __init__(self, tasks: Channel, slots: Sequence[Slot], looked: Any) -> None:
        self._tasks, self._slots, self._looked = tasks, slots, looked
        self._broker = get_broker()
        self._pause = FIRST_LOOK

    def dequeue(self) -> Any:
        """A task; None while there is none, and while no worker is free."""
        self._looked.value += 1
        if self._tasks.empty() and any(slot.idle for slot in self._slots):
            self._pause = FIRST_LOOK
            return self._broker.dequeue()
        time.sleep(self._pause)
        self._pause = min(1.5 * self._pause, LAST_LOOK)
        return None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)


def save(results: Channel, saved: Any) -> None:
    """Saves results and acknowledges tasks, until ``STOP`` comes; ``saved`` counts them."""

    def count(**_: object) -> None:
        saved.value += 1

    post_execute.connect(count, weak=False)
    monitor(results, get_broker())
