"""A build that moves next to nothing leaves the fast cluster, and is given up by the slow one."""

from __future__ import annotations

import pytest

from packager.lifecycle import pace
from packager.lifecycle.pace import Pace
from packager.models import Kind, PackageError, Queue, Status
from packager.streaming.types import Progress


@pytest.fixture
def quickly_judged(settings, monkeypatch):
    """Clusters that look after a moment, and want no less than what comes in it."""
    settings.PACKAGER_HEARTBEAT = 0.05
    settings.PACKAGER_MIN_RATE = 1_000_000
    monkeypatch.setattr(pace, "LOOK", 60)
    monkeypatch.setattr(pace, "WINDOWS", {Queue.FAST: 0.3, Queue.SLOW: 0.6})


def _file(ckan):
    return {"kind": Kind.URL, "resource_url": ckan.download_url("small"), "format": ""}


def test_a_file_that_drips_in_is_tried_again_by_the_slow_cluster(built, ckan, quickly_judged):
    ckan.faults.add("drip", seconds=0.05, path="/download/")
    request = built(**_file(ckan))
    assert (request.status, request.queue) == (Status.SUCCEEDED, Queue.SLOW)
    assert request.history.filter(note__contains="source_too_slow").count() == 1


def test_one_that_keeps_dripping_fails_there_and_can_be_tried_again(built, ckan, quickly_judged):
    ckan.faults.add("drip", seconds=0.05, path="/download/", times=99)
    request = built(**_file(ckan))
    assert (request.status, request.error_code) == (Status.FAILED, "source_too_slow")
    assert PackageError.objects.get().retryable


def test_a_table_whose_pages_drip_in_is_noticed_as_well(built, ckan, quickly_judged):
    ckan.faults.add("drip", seconds=0.05, after=6, times=99)
    assert built().error_code == "source_too_slow"


def test_nothing_is_stopped_where_no_rate_is_set(built, ckan, quickly_judged, settings):
    settings.PACKAGER_MIN_RATE = 0
    ckan.faults.add("slow", seconds=2, path="/download/")
    request = built(**_file(ckan))
    assert (request.status, request.queue) == (Status.SUCCEEDED, Queue.FAST)


class Clock:
    """Stands still until it is moved on."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(settings, monkeypatch):
    """A clock that the test moves on."""
    settings.PACKAGER_MIN_RATE = 600  # ten bytes a second
    monkeypatch.setattr(pace, "time", clock := Clock())
    return clock


def _judged(clock, watched: Pace, progress: Progress, bytes_by_second: list[int]) -> list[bool]:
    verdicts = []
    for size in bytes_by_second:
        clock.now += 1
        progress.bytes_in += size
        verdicts.append(watched.too_slow)
    return verdicts


@pytest.mark.parametrize(("queue", "window"), [(Queue.FAST, 60), (Queue.SLOW, 600)])
def test_a_silence_counts_once_it_has_lasted(clock, queue, window):
    progress = Progress()
    watched = Pace(queue, progress)
    watched.opened()
    assert not any(_judged(clock, watched, progress, [10] * 1000))
    assert _judged(clock, watched, progress, [0] * window).index(True) < window


def test_what_comes_in_bursts_is_no_silence(clock):
    progress = Progress()
    watched = Pace(Queue.FAST, progress)
    watched.opened()
    assert not any(_judged(clock, watched, progress, ([0] * 50 + [600] + [0] * 9) * 20))


def test_a_table_that_is_read_again_from_its_start_begins_anew(clock):
    watched = Pace(Queue.FAST, progress := Progress())
    watched.opened()
    for _ in range(3):
        assert not any(_judged(clock, watched, progress, [1000] + [10] * 55))
        progress.bytes_in = 0


def test_rows_and_what_is_written_count_as_well(clock):
    rows, written = Pace(Queue.FAST, progress := Progress()), Pace(Queue.FAST, Progress())
    rows.opened()
    written.opened()
    archive = written.watch(bytes(10) for _ in range(300))
    for _ in range(200):
        clock.now += 1
        progress.rows += 1
        next(archive)
        assert (rows.too_slow, written.too_slow) == (False, False)


def test_making_the_file_safe_may_take_long(clock):
    watched = Pace(Queue.FAST, progress := Progress())
    watched.opened()
    assert list(watched.watch([b"all"])) == [b"all"]
    assert not any(_judged(clock, watched, progress, [0] * 1000))
