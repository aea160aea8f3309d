"""How far a build is, how fast it goes, and when it will be done."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from packager.models import Kind, PackageRequest

#: The first answers are small and slow: CKAN is asked for one row, then for more as the width of rows becomes known.
#: A rate tells nothing about the rest before so many seconds, and so many full pages (of a file: bytes) or this share.
TELLING_SECONDS = 3
TELLING_PAGES = 3
TELLING_BYTES = 8 * 1024**2
TELLING_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a build is.

    ``done`` and ``total`` (None: nobody knows) count what ``unit`` says: ``rows``, or ``bytes`` of a file. ``seconds``
    have passed from the start of the build to its last report.
    """

    done: int
    total: int | None
    unit: str
    seconds: float

    @property
    def share(self) -> int | None:
        """How much of it is done, in hundredths."""
        return min(100, self.done * 100 // self.total) if self.total else None

    @property
    def rate(self) -> float:
        """Rows or bytes a second, on the average since the start."""
        return self.done / max(self.seconds, 1.0)

    @property
    def seconds_left(self) -> float | None:
        """The time that the rest takes at this rate; None as long as the rate does not tell it."""
        if not self.total or not self.done or self.done > self.total:
            return None
        many = TELLING_PAGES * settings.PACKAGER_PAGE_SIZE if self.unit == "rows" else TELLING_BYTES
        telling = self.seconds >= TELLING_SECONDS and self.done >= min(many, TELLING_SHARE * self.total)
        return (self.total - self.done) / self.rate if telling else None


def progress_of(build: PackageRequest) -> Progress:
    """How far ``build`` was when its worker last reported."""
    seen, started = build.heartbeat_at or timezone.now(), build.started_at
    seconds = (seen - started).total_seconds() if started else 0.0
    if build.kind == Kind.URL:
        return Progress(build.bytes_done, build.bytes_total, "bytes", seconds)
    return Progress(build.rows_done, build.rows_total, "rows", seconds)
