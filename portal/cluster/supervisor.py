"""Keeps the processes of a cluster alive and at work. It asks neither database nor broker: none can hold it up."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable
from multiprocessing.context import ForkProcess
from multiprocessing.sharedctypes import RawValue

from portal.cluster import clerk, processes
from portal.cluster.channel import Channel, Flag
from portal.cluster.clerk import Shared
from portal.cluster.processes import Slot

log = logging.getLogger(__name__)
#: Seconds between two looks.
CYCLE = 0.1
#: Seconds after which a task is called wedged that lies before an idle worker, and after which something is done.
SUSPECT, HEAL = 3.0, 10.0
#: The same for a pusher that does not look for tasks, and for a result that nobody saves.
SUSPECT_OTHERS, HEAL_OTHERS = 10.0, 20.0
#: As often is healed by replacing what stands still; then the whole cluster is started anew.
HEALINGS = 3
#: Seconds that processes with nothing to do are given to end.
FAREWELL = 5.0


class Standstill:
    """Something that should not last: ``holds`` and ``mark`` say whether it is so, and change while there is progress.

    After ``suspect`` seconds it is worth a word; after ``heal`` seconds ``remedy`` is called, and time begins anew.
    """

    def __init__(
        self,
        suspect: float,
        heal: float,
        holds: Callable[[], bool],
        mark: Callable[[], object],
        remedy: Callable[[], None],
    ) -> None:
        self._suspect, self._heal, self._holds, self._mark, self._remedy = suspect, heal, holds, mark, remedy
        self._since, self._before = time.monotonic(), mark()

    def look(self) -> bool:
        """Whether it has lasted long enough to be worth a word. To be called in every cycle."""
        now, mark = time.monotonic(), self._mark()
        if not self._holds() or mark != self._before:
            self._since, self._before = now, mark
        lasted = now - self._since
        if lasted >= self._heal:
            self._since = now
            self._remedy()
        return lasted >= self._suspect


class Supervisor:
    """The pool of one cluster: ``size`` workers, whose tasks may take ``timeout`` seconds, and who serves them."""

    def __init__(self, size: int, timeout: int) -> None:
        self._shared = Shared()
        self._size, self._timeout = size, timeout
        self._healed_at, self._healings = -1, 0

    def run(self) -> None:
        """Until SIGTERM or SIGINT; then what is running may come to its end."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: self._shared.stop.set())
        self._start()
        standstills = self._standstills()
        while not self._shared.stop.is_set():
            self._replace_the_dead()
            suspected = [standstill.look() for standstill in standstills]
            if not any(suspected):
                self._shared.wedged.clear()
            elif self._shared.wedged.age is None:
                self._shared.wedged.now()
            self._shared.beat.now()
            time.sleep(CYCLE)
        self._finish()

    def _start(self) -> None:
        self._tasks, self._results, self._no_more = Channel(), Channel(), Flag()
        self._looked, self._saved = RawValue("L", 0), RawValue("L", 0)
        self._workers = {
            slot: slot.fill(self._tasks, self._results) for slot in [Slot(self._timeout) for _ in range(self._size)]
        }
        self._others = {role: start() for role, start in self._roles.items()}

    @property
    def _roles(self) -> dict[str, Callable[[], ForkProcess]]:
        slots = list(self._workers)
        return {
            "pusher": lambda: processes.start(
                "pusher", processes.push, self._tasks, slots, self._no_more, self._looked
            ),
            "monitor": lambda: processes.start("monitor", processes.save, self._results, self._saved),
            "clerk": lambda: processes.start("clerk", clerk.serve, self._shared),
        }

    def _replace_the_dead(self) -> None:
        for slot, process in self._workers.items():
            if slot.overdue:
                log.error("worker %s did not end its task in time and is killed", process.pid)
                _kill(process)
            if not process.is_alive():
                log.log(logging.ERROR if process.exitcode else logging.INFO, "worker %s is replaced", process.pid)
                self._workers[slot] = slot.fill(self._tasks, self._results)
        for role, process in self._others.items():
            if not process.is_alive():
                log.error("the %s is replaced", role)
                self._others[role] = self._roles[role]()

    # ------------------------------------------------------- what stands still

    def _standstills(self) -> list[Standstill]:
        others = (SUSPECT_OTHERS, HEAL_OTHERS)
        return [
            Standstill(
                SUSPECT,
                HEAL,
                holds=lambda: not self._tasks.empty() and bool(self._idle),
                mark=self._taken,
                remedy=lambda: self._heal("a task lies before idle workers", self._idle),
            ),
            Standstill(
                *others,
                holds=lambda: True,
                mark=lambda: self._looked.value,
                remedy=lambda: self._heal("the pusher looks for no tasks", [self._others["pusher"]]),
            ),
            Standstill(
                *others,
                holds=lambda: not self._results.empty(),
                mark=lambda: self._saved.value,
                remedy=lambda: self._heal("results are not saved", [self._others["monitor"]]),
            ),
        ]

    @property
    def _idle(self) -> list[ForkProcess]:
        return [process for slot, process in self._workers.items() if slot.idle]

    def _taken(self) -> int:
        return sum(slot.taken.value for slot in self._workers)

    def _heal(self, why: str, standing: list[ForkProcess]) -> None:
        """Kill what stands still; the next look replaces it. If that has not helped, start everything anew."""
        taken = self._taken()
        self._healings = self._healings + 1 if self._healed_at == taken else 1
        self._healed_at = taken
        log.error("%s: %s", why, "replacing them" if self._healings <= HEALINGS else "starting the cluster anew")
        if self._healings <= HEALINGS:
            _kill(*standing)
        else:
            _kill(*self._workers.values(), *self._others.values())
            self._start()

    # ------------------------------------------------------------------ the end

    def _finish(self) -> None:
        """Nobody begins a task any more, running tasks end, and their results are saved."""
        self._no_more.set()
        self._leave_or_be_killed(self._others["pusher"], self._others["clerk"])
        for _ in self._workers:
            self._tasks.put("STOP")
        while busy := [process for slot, process in self._workers.items() if process.is_alive() and not slot.idle]:
            busy[0].join(1)
        self._leave_or_be_killed(*self._workers.values())
        self._results.put("STOP")
        self._leave_or_be_killed(self._others["monitor"], seconds=4 * FAREWELL)

    @staticmethod
    def _leave_or_be_killed(*leaving: ForkProcess, seconds: float = FAREWELL) -> None:
        end = time.monotonic() + seconds
        for process in leaving:
            process.join(max(0.0, end - time.monotonic()))
            _kill(process)


def _kill(*doomed: ForkProcess) -> None:
    for process in doomed:
        process.kill()  # SIGKILL, which also ends what was stopped
        process.join()
