"""What a request would bring, before it is made: rows and columns from CKAN, size and time from earlier packages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Sum

from packager import assembly
from packager.models import Kind, Package, PackageRequest, Queue, Status
from packager.streaming.types import Shape
from packager.submission import Submission

#: Earlier packages that are looked at.
LOOK_BACK = 20
#: Bytes of archive a row and rows a second, where nothing was built yet: a table of 16 columns.
USUAL_BYTES, USUAL_ROWS = 60.0, 50_000.0


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


def estimate(submission: Submission, *, cached: bool) -> Estimate:
    """Ask the data portal what there is; nothing is saved or queued.

    Args:
        submission: what has been accepted.
        cached: a fresh package is there.

    Raises:
        SourceError: the data portal cannot be read.
    """
    if submission.kind == Kind.URL:
        return _of_file(submission, cached)
    rows, columns = _look(submission)
    size, seconds = expectations(submission, rows)
    queue = Queue.FAST if rows is not None and rows <= settings.PACKAGER_SLOW_REQUEST else Queue.SLOW
    return Estimate(rows, columns, size, seconds, **_state(queue, cached))


def _of_file(submission: Submission, cached: bool) -> Estimate:
    file = assembly.file_source(submission, hurried=True).open(submission.resource_url)
    try:
        return Estimate(None, None, file.size, None, **_state(Queue.FAST, cached))
    finally:
        file.close()


def _look(submission: Submission) -> tuple[int | None, list[str]]:
    table = assembly.open_table(submission, (Shape.ROWS,), hurried=True)
    try:
        return table.expected, [field.name for field in table.fields]
    finally:
        table.close()


def _state(queue: str, cached: bool) -> dict[str, Any]:
    queue = Queue.FAST if cached else queue
    waiting = PackageRequest.objects.leading().filter(status=Status.QUEUED, queue=queue).count()
    return {"queue": queue, "waiting": waiting, "cached": cached}


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
