"""What the processes of a cluster share is passed on whole, and locked by nobody who dies."""

from __future__ import annotations

import os
import signal
import time

import pytest

from portal.cluster.channel import INLINE, Channel, Flag, Moment
from portal.cluster.processes import start
from portal.cluster.supervisor import Standstill


def _sends(channel: Channel, items: list[object]) -> None:
    for item in items:
        channel.put(item)


def _counts(channel: Channel, told: Channel) -> None:
    told.put(sum(1 for _ in iter(channel.get, "STOP")))


ITEMS = [None, {"args": (1, "ü")}, "x" * (INLINE - 100), b"y" * (INLINE + 1), "z" * 10_000_000]


@pytest.mark.parametrize("item", ITEMS, ids=["nothing", "a task", "fits", "fits not", "large"])
def test_what_is_put_in_comes_out(item):
    channel = Channel()
    sender = start("sender", _sends, channel, [item])
    assert channel.get() == item
    sender.join()
    assert channel.empty()


def test_every_message_goes_to_one_reader():
    channel, told = Channel(), Channel()
    readers = [start("reader", _counts, channel, told) for _ in range(4)]
    sender = start("sender", _sends, channel, [{"number": number} for number in range(2000)] + ["STOP"] * 4)
    assert sum(told.get() for _ in readers) == 2000
    for process in [sender, *readers]:
        process.join()


def test_a_reader_that_is_killed_leaves_the_messages_to_the_others():
    channel, told = Channel(), Channel()
    for _ in range(3):
        waiting = start("reader", channel.get)
        time.sleep(0.2)
        waiting.kill()
        waiting.join()
    reader = start("reader", _counts, channel, told)
    _sends(channel, ["one", "two", "STOP"])
    assert told.get() == 2
    reader.join()


def test_a_flag_and_a_moment_are_seen_by_other_processes():
    flag, moment = Flag(), Moment()
    assert (flag.is_set(), moment.age) == (False, None)
    for say in (flag.set, moment.now):
        process = start("other", say)
        process.join()
    assert flag.is_set()
    assert moment.age >= 0
    moment.clear()
    assert moment.age is None


def test_a_process_dies_with_the_one_that_started_it():
    channel = Channel()
    parent = start("parent", _starts_one, channel)
    child = channel.get()
    os.kill(parent.pid, signal.SIGKILL)
    parent.join()
    while _exists(child):
        time.sleep(0.05)


def _starts_one(channel: Channel) -> None:
    channel.put(start("child", time.sleep, 600).pid)
    time.sleep(600)


def _exists(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_standstill_is_noticed_and_then_mended_again_and_again(monkeypatch):
    now, mended = [0.0], []
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    still = Standstill(3, 10, lambda: True, lambda: "as before", lambda: mended.append(now[0]))
    noticed = [second for second in range(22) if _look_at(second, now, still)]
    assert mended == [10, 20]
    assert noticed == [*range(3, 11), *range(13, 21)]


def test_where_something_moves_nothing_stands_still(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    still = Standstill(3, 10, lambda: True, lambda: now[0] // 3, pytest.fail)
    assert not any(_look_at(second, now, still) for second in range(100))


def _look_at(second, now, still):
    now[0] = second
    return still.look()
