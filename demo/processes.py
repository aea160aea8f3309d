"""Start processes, notice when one dies, and leave none behind.

Every child has a session of its own, so that the terminal's Ctrl-C reaches only us, and we decide who is told to stop
and when: a task cluster hangs if SIGTERM comes to all of its processes at once, and ends cleanly if only its main
process gets it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from types import FrameType

TAIL = 25  # lines of a log that say enough
POLL = 0.1  # seconds


class StartFailed(Exception):
    """Something did not come up; the text is for the person at the terminal."""


class Interrupted(Exception):
    """Somebody asked us to stop."""


@dataclass(slots=True)
class Child:
    """A process that we started, the leader of a group of its own, writing to ``log``."""

    name: str
    log: Path
    process: subprocess.Popen[bytes]

    def tail(self) -> str:
        """The end of what it wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-TAIL:])

    def ended(self) -> bool:
        """Whether it has ended; if so, nothing it started is left either."""
        if self.process.poll() is None:
            return False
        self.kill_group()
        return True

    def ask_to_stop(self) -> None:
        """SIGTERM to the main process alone."""
        if self.process.poll() is None:
            self.process.terminate()

    def kill_group(self) -> None:
        """SIGKILL to all that is left of its group."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return  # nobody is left, or only a zombie that some systems will not have us signal


class Supervisor:
    """Keeps children, which work in ``directory`` and write what they have to say into files in ``logs``."""

    def __init__(self, logs: Path, directory: Path | None = None) -> None:
        self.logs = logs
        self.directory = directory
        self.children: list[Child] = []
        self.interrupted = Event()
        logs.mkdir(parents=True, exist_ok=True)

    def listen_to_signals(self) -> None:
        """Ctrl-C, SIGTERM and the end of the terminal interrupt whatever waits. Call it from the main thread."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._interrupt)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self.interrupted.set()

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> Child:
        """Start a process that is to run until we stop it."""
        child = self._spawn(name, command, environment)
        self.children.append(child)
        return child

    def _spawn(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> Child:
        log = self.logs / f"{name}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(  # noqa: S603  (the commands are our own)
                command,
                env=dict(environment),
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Child(name, log, process)

    def run(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> Child:
        """Run a process to its end. Its exit code is ``process.returncode`` of what is returned.

        Raises:
            Interrupted: before it ended; it is gone, too.
        """
        child = self._spawn(name, command, environment)
        try:
            self.wait_until(child.ended, seconds=600, what=f"the end of {name}")
        finally:
            child.kill_group()
            child.process.wait()
        return child

    def wait_until(self, condition: Callable[[], object], *, seconds: float, what: str) -> None:
        """Wait until ``condition()`` is true.

        Raises:
            StartFailed: a child ended meanwhile, or it took too long.
            Interrupted: somebody asked us to stop.
        """
        deadline = time.monotonic() + seconds
        while not condition():
            self.check()
            if time.monotonic() > deadline:
                raise StartFailed(f"Waited {seconds:.0f} seconds for {what}, in vain. The logs are in {self.logs}.")
            self.interrupted.wait(POLL)

    def check(self) -> None:
        """See that all is well.

        Raises:
            StartFailed: a child has ended; says which one, and the end of its log.
            Interrupted: somebody asked us to stop.
        """
        if self.interrupted.is_set():
            raise Interrupted
        for child in self.children:
            if child.ended():
                code = child.process.returncode
                raise StartFailed(f"{child.name} ended (code {code}). The end of {child.log}:\n\n{child.tail()}")

    def serve(self) -> None:
        """Watch over the children until somebody asks us to stop.

        Raises:
            StartFailed: a child has ended.
        """
        try:
            while True:
                self.check()
                self.interrupted.wait(1)
        except Interrupted:
            return

    def stop(self, retry_policy: float = 15) -> None:
        """Ask every child to stop, the last one started first; after ``retry_policy`` seconds end those that remain."""
        for child in reversed(self.children):
            child.ask_to_stop()
        deadline = time.monotonic() + retry_policy
        while self.children and time.monotonic() < deadline:
            self.children = [child for child in self.children if not child.ended()]
            time.sleep(POLL / 2)
        for child in self.children:
            child.kill_group()
            child.process.wait()
        self.children = []
