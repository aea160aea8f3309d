"""Which cluster builds a request, and the estimate of what it will bring: one rule for both."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import Sum

from packager import assembly
from packager.errors import SourceError, SourceTimeout
from packager.intake.quick_look import quick_look
from packager.models import Kind, Package, PackageRequest, Queue, Status
from packager.streaming.sources.base import Guarded
from packager.streaming.types import Shape
from packager.submission import Submission

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


def queue_for(submission: Submission, rows: int | None) -> str:
    """Which cluster builds it. The rule, for requests and estimates alike.

    ``fast`` for a file and for at most PACKAGER_SLOW_REQUEST rows, ``slow`` for more, and where nobody knows.

    Args:
        submission: what has been accepted.
        rows: how many will come, None if nobody knows.
    """
    if submission.kind == Kind.URL:
        return Queue.FAST
    most = submission.query.limit if rows is None else rows
    return Queue.FAST if most is not None and most <= settings.PACKAGER_SLOW_REQUEST else Queue.SLOW


def measure(submission: Submission) -> Extent:
    """Ask the data portal how much there is, for somebody who waits for a page.

    Raises:
        SourceTimeout: it does not answer within two seconds, or is asked too much at this moment.
        SourceError: it cannot be read.
    """
    if submission.kind == Kind.URL:
        files = assembly.file_source(submission, assembly.HURRIED)

        def file_size() -> Extent:
            with closing(files.open(submission.resource_url)) as file:
                return Extent(size=file.size)

        return quick_look(file_size, files.close)
    tables = assembly.table_source(submission, assembly.HURRIED)

    def rows_and_columns() -> Extent:
        with closing(tables.open(submission.query, (Shape.ROWS,))) as table:
            return Extent(table.expected, [field.name for field in table.fields])

    return quick_look(rows_and_columns, tables.close)


def still_allowed(submission: Submission) -> bool:
    """Whether whoever asks may have the package that is there already.

    A data portal whose database is read is asked again, and has two seconds to allow it; others are not.
    """
    if submission.kind == Kind.URL:
        return True
    tables = assembly.table_source(submission, assembly.HURRIED)
    if not isinstance(tables, Guarded):
        return True
    try:
        quick_look(partial(tables.check, submission.query), tables.close)
    except SourceError:
        return False
    return True


def estimate(submission: Submission, *, cached: bool) -> Estimate:
    """Ask the data portal what there is; nothing is saved or queued. What it does not tell in time is not known.

    Args:
        submission: what has been accepted.
        cached: a fresh package is there.

    Raises:
        SourceError: the data portal cannot be read.
    """
    try:
        extent = measure(submission)
    except SourceTimeout:
        extent = Extent()
    size, seconds = expectations(submission, extent.rows)
    queue = queue_for(submission, extent.rows)
    if cached:
        queue = Queue.FAST
    elif PackageRequest.objects.building(submission.fingerprint).filter(queue=Queue.SLOW).exists():
        # one that waits in the fast queue may still be handed over
        queue = Queue.SLOW
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
