"""Which cluster builds a request, and the estimate of what it will bring: one look at the data portal, one rule."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Sum

from packager import assembly
from packager.errors import SourceError
from packager.models import Kind, Package, PackageRequest, Queue, Status
from packager.streaming.types import Shape
from packager.submission import Submission

log = logging.getLogger(__name__)
#: Earlier packages that an estimate looks at.
LOOK_BACK = 20
#: Bytes of archive a row and rows a second, where nothing was built yet: a table of 16 columns.
USUAL_BYTES, USUAL_ROWS = 60.0, 50_000.0


@dataclass(frozen=True, slots=True)
class Extent:
    """How much a request is about, as the data portal says: rows and columns of a table, or bytes of a file.

    ``rows`` are those that will come, bounded by the limit that is really meant. None where nobody says.
    """

    rows: int | None = None
    columns: Sequence[str] | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """None where it cannot be known. ``size`` in bytes, ``seconds`` of building; ``waiting`` requests in that queue."""

    rows: int | None
    columns: Sequence[str] | None
    size: int | None
    seconds: float | None
    queue: str
    waiting: int
    cached: bool


def queue_for(submission: Submission, rows: Callable[[], int | None], *, cached: bool = False) -> str:
    """The rule, for requests and estimates alike.

    ``fast`` if a package is there or a file is asked for; the queue of the same work, if that is under way; else
    ``fast`` for at most PACKAGER_SLOW_REQUEST rows, ``slow`` for more, and where nobody knows.

    Args:
        submission: what has been accepted.
        rows: how many will come, None if nobody knows; called only where that decides.
        cached: a fresh package is there.
    """
    if cached or submission.kind == Kind.URL:
        return Queue.FAST
    if leader := PackageRequest.objects.building(submission.fingerprint).first():
        return str(leader.queue)
    counted = rows()
    most = submission.query.limit if counted is None else counted
    return Queue.FAST if most is not None and most <= settings.PACKAGER_SLOW_REQUEST else Queue.SLOW


def measure(submission: Submission, *, hurried: bool = True) -> Extent:
    """Ask the data portal how much there is. ``hurried`` is for web requests, which cannot wait long.

    Raises:
        SourceError: it cannot be read.
    """
    if submission.kind == Kind.URL:
        with closing(assembly.file_source(submission, hurried=hurried).open(submission.resource_url)) as file:
            return Extent(size=file.size)
    with closing(assembly.open_table(submission, (Shape.ROWS,), hurried=hurried)) as table:
        return Extent(table.expected, [field.name for field in table.fields])


def rows_to_fetch(submission: Submission) -> int | None:
    """How many rows will come; None if the data portal does not say, or cannot be read."""
    try:
        return measure(submission).rows
    except SourceError as error:
        log.info("the rows of %s could not be counted: %s", submission.resource_id, error.code)
        return None


def estimate(submission: Submission, *, cached: bool) -> Estimate:
    """Ask the data portal what there is; nothing is saved or queued.

    Args:
        submission: what has been accepted.
        cached: a fresh package is there.

    Raises:
        SourceError: the data portal cannot be read.
    """
    extent = measure(submission)
    size, seconds = expectations(submission, extent.rows)
    queue = queue_for(submission, lambda: extent.rows, cached=cached)
    waiting = PackageRequest.objects.leading().filter(status=Status.QUEUED, queue=queue).count()
    return Estimate(extent.rows, extent.columns, size or extent.size, seconds, queue, waiting, cached)


def expectations(submission: Submission, rows: int | None) -> tuple[int | None, float | None]:
    """Bytes and seconds for ``rows`` rows, by earlier packages of the resource in this format, else of the format."""
    if rows is None:
        return None, None
    alike = Package.objects.filter(format=submission.format, rows__gt=0)
    own = alike.filter(resource_id=submission.resource_id)
    bytes_a_row, rows_a_second = _rates(own) or _rates(alike) or (USUAL_BYTES, USUAL_ROWS)
    return round(rows * bytes_a_row), round(rows / rows_a_second, 1)


def _rates(packages: Any) -> tuple[float, float] | None:
    sums = packages.order_by("-created_at")[:LOOK_BACK].aggregate(Sum("rows"), Sum("size"), Sum("build_seconds"))
    rows, seconds = sums["rows__sum"], sums["build_seconds__sum"]
    if not rows or not seconds:
        return None
    return sums["size__sum"] / rows, rows / seconds
