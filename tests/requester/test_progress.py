"""How far a build is, and from when on its rate tells when it will be done."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from packager.models import Kind, PackageRequest
from packager.presentation.progress import Progress, progress_of

PAGE = 32_000
#: A CKAN that took 1.5 s to answer for the first time, and then gave 692,000 rows within ten seconds: seconds since the
#: start, and the rows that had come. The pages grow as the width of the rows becomes known.
SLOW_START = [(1.5, 0), (3.0, 1), (3.2, 17), (3.5, 273), (4.0, 4_369), (4.5, 36_369), (5.0, 68_369), (6.0, 196_369)]


@pytest.fixture(autouse=True)
def _page_size(settings):
    settings.PACKAGER_PAGE_SIZE = PAGE


def test_a_slow_first_answer_promises_no_days():
    left = {done: Progress(done, 692_000, "rows", seconds).seconds_left for seconds, done in SLOW_START}
    assert [done for done, seconds in left.items() if seconds is not None] == [196_369]
    assert left[196_369] == pytest.approx(15, abs=1)


@pytest.mark.parametrize(
    ("done", "total", "unit", "seconds", "left"),
    [
        (3 * PAGE, 10**9, "rows", 60, pytest.approx(624_940, abs=1)),
        (3 * PAGE - 1, 10**9, "rows", 60, None),
        (100, 1000, "rows", 60, 540),
        (99, 1000, "rows", 60, None),
        (900, 1000, "rows", 2.9, None),
        (8 * 1024**2, 1024**3, "bytes", 8, 1016),
        (8 * 1024**2 - 1, 1024**3, "bytes", 8, None),
        (0, 1000, "rows", 60, None),
        (1000, 1000, "rows", 60, 0),
        (1001, 1000, "rows", 60, None),
        (10, 0, "rows", 60, None),
        (10**6, None, "rows", 60, None),
    ],
)
def test_time_left_is_told_after_several_full_pages_or_a_good_part(done, total, unit, seconds, left):
    assert Progress(done, total, unit, seconds).seconds_left == left


def test_the_rate_is_that_since_the_start():
    assert Progress(100, None, "rows", 50).rate == 2
    assert Progress(100, None, "rows", 0).rate == 100


@pytest.mark.parametrize(
    ("done", "total", "share"), [(1, 3, 33), (3, 3, 100), (4, 3, 100), (1, None, None), (0, 0, None)]
)
def test_the_share_never_passes_100(done, total, share):
    assert Progress(done, total, "rows", 1).share == share


def test_a_table_counts_rows_and_a_file_bytes_up_to_the_last_report():
    now = timezone.now()
    counts = {"rows_done": 1, "rows_total": 2, "bytes_done": 3, "bytes_total": 4}
    times = {"started_at": now - timedelta(minutes=2), "heartbeat_at": now - timedelta(minutes=1)}
    assert progress_of(PackageRequest(kind=Kind.DATASTORE, **counts, **times)) == Progress(1, 2, "rows", 60)
    assert progress_of(PackageRequest(kind=Kind.URL, **counts, **times)) == Progress(3, 4, "bytes", 60)
    assert progress_of(PackageRequest(kind=Kind.URL, **counts)).seconds == 0
