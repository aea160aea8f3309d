"""The supervisor, with real processes that behave, misbehave, and have children of their own."""

import os
import signal
import sys
import threading
import time

import pytest

from demo.processes import Interrupted, StartFailed, Supervisor

SERVES = "import time; print('up', flush=True); time.sleep(600)"
IS_DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
DIES = "print('cannot find my trousers', flush=True); raise SystemExit(3)"
HAS_A_CHILD = (
    "import subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "print(child.pid, flush=True)\n"
    "{then}"
)


@pytest.fixture
def supervisor(tmp_path):
    made = Supervisor(tmp_path / "log")
    yield made
    made.stop(retry_policy=0)


def start(supervisor, code, name="child"):
    """Start a Python process, and wait until it has written its first line."""
    child = supervisor.start(name, [sys.executable, "-c", code], os.environ)
    wait_for(lambda: child.log.read_text().endswith("\n"))
    return child


def wait_for(condition):
    """Wait for what must come, far longer than it takes."""
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it never came")


def is_there(pid):
    """Whether a process with that number is alive (a zombie is not)."""
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_children_are_in_sessions_of_their_own(supervisor):
    first, second = start(supervisor, SERVES, "first"), start(supervisor, SERVES, "second")
    sessions = {os.getsid(0), os.getsid(first.process.pid), os.getsid(second.process.pid)}
    assert len(sessions) == 3


def test_a_stopped_child_is_gone_and_was_asked_first(supervisor):
    child = start(supervisor, SERVES)
    supervisor.stop()
    assert child.process.returncode == -signal.SIGTERM


def test_a_deaf_child_is_ended_all_the_same(supervisor):
    child = start(supervisor, IS_DEAF)
    supervisor.stop(retry_policy=0.2)
    assert child.process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("then", ["time.sleep(600)", "raise SystemExit(1)"])
def test_what_a_child_started_is_gone_too(supervisor, then):
    child = start(supervisor, HAS_A_CHILD.format(then=then))
    grandchild = int(child.log.read_text().split()[0])
    supervisor.stop()
    wait_for(lambda: not is_there(grandchild))


def test_a_child_that_dies_is_reported_with_the_end_of_its_log(supervisor):
    start(supervisor, DIES, "web")
    with pytest.raises(StartFailed, match=r"(?s)web ended \(code 3\).*cannot find my trousers"):
        supervisor.wait_until(lambda: False, seconds=60, what="health")


def test_what_never_comes_is_not_waited_for_for_ever(supervisor):
    with pytest.raises(StartFailed, match="for a miracle, in vain"):
        supervisor.wait_until(lambda: False, seconds=0.1, what="a miracle")


def test_a_command_is_run_to_its_end(supervisor):
    done = supervisor.run("migrate", [sys.executable, "-c", DIES], os.environ)
    assert done.process.returncode == 3
    assert "trousers" in done.tail()


def test_an_interrupt_ends_a_command_under_way(supervisor):
    threading.Timer(0.2, supervisor.interrupted.set).start()
    with pytest.raises(Interrupted):
        supervisor.run("migrate", [sys.executable, "-c", SERVES], os.environ)
    assert supervisor.children == []


def test_serving_ends_when_somebody_asks(supervisor):
    start(supervisor, SERVES)
    threading.Timer(0.2, supervisor.interrupted.set).start()
    supervisor.serve()
    assert not supervisor.children[0].ended()
