"""How far a request is, as its page tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.contrib.humanize.templatetags.humanize import intcomma
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from packager.models import UNDER_WAY, PackageRequest, Status
from packager.presentation.translation import error_class, translated

#: Seconds until a page looks again. Who waits in the queue waits longer than who watches a build.
LOOK_AGAIN = {Status.QUEUED: 5, Status.RUNNING: 2}
#: Before that a rate is a guess (seconds).
FIRST_ESTIMATE = 3


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a build is: in rows, or in bytes of a file. ``total`` None: nobody knows. ``left`` may be empty."""

    done: int
    total: int | None
    text: str
    left: str


class Story:
    """What is to be said about one request. A request that joined another one tells of that one's build."""

    def __init__(self, wanted: PackageRequest) -> None:
        self.wanted = wanted
        self._build = wanted.building if wanted.status == Status.QUEUED else wanted

    @property
    def stage(self) -> str:
        """The state as the requester sees it."""
        return self._build.status if self._build.status in UNDER_WAY else self.wanted.status

    @property
    def under_way(self) -> bool:
        """Whether there is something to wait for."""
        return self.stage in UNDER_WAY

    @property
    def look_again(self) -> int:
        """Seconds after which the page should look again; 0 at the end."""
        return LOOK_AGAIN.get(Status(self.stage), 0)

    @property
    def place(self) -> str:
        """The place in the queue, in words."""
        ahead = PackageRequest.objects.ahead_of(self._build).count()
        if not ahead:
            return _("Yours is the next.")
        text = ngettext("%(ahead)s request is before yours.", "%(ahead)s requests are before yours.", ahead)
        return text % {"ahead": intcomma(ahead)}

    @property
    def progress(self) -> Progress:
        """How far the build is."""
        build = self._build
        if build.rows_done or build.rows_total is not None or not build.bytes_total:
            return self._rows(build)
        done, total = min(build.bytes_done, build.bytes_total), build.bytes_total
        text = _("%(done)s of %(total)s") % {"done": filesizeformat(done), "total": filesizeformat(total)}
        return Progress(done, total, text, self._time_left(done, total))

    def _rows(self, build: PackageRequest) -> Progress:
        done, total = build.rows_done, build.rows_total
        if total is None:
            text = ngettext("%(done)s row so far", "%(done)s rows so far", done) % {"done": intcomma(done)}
            return Progress(done, None, text, "")
        text = ngettext("%(done)s of %(total)s row", "%(done)s of %(total)s rows", total)
        text %= {"done": intcomma(done), "total": intcomma(total)}
        return Progress(min(done, total), total, text, self._time_left(done, total))

    def _time_left(self, done: int, total: int) -> str:
        started = self._build.started_at
        elapsed = (timezone.now() - started).total_seconds() if started else 0
        if done >= total > 0:
            return _("Finishing the package")
        if not done or elapsed < FIRST_ESTIMATE:
            return ""
        return in_words(timedelta(seconds=(total - done) * elapsed / done))

    @property
    def problem(self) -> str:
        """What went wrong, in the language of now."""
        return translated(self.wanted.error_message)

    @property
    def retryable(self) -> bool:
        """Whether trying again can help."""
        return error_class(self.wanted.error_code).retryable

    @property
    def can_be_made_again(self) -> bool:
        """Whether the page offers to queue it again."""
        if self.wanted.key_gone:
            return False
        failed_in_passing = self.stage == Status.FAILED and self.retryable
        return failed_in_passing or self.stage in (Status.CANCELLED, Status.EXPIRED)

    @property
    def notes(self) -> list[str]:
        """What the package says of its own wholeness, in the language of now."""
        return [translated(note) for note in self.wanted.package.notes] if self.wanted.package else []


def in_words(left: timedelta) -> str:
    """About how long it takes: to the minute, or to the hour where it is long."""
    minutes = round(left.total_seconds() / 60)
    if minutes < 1:
        return _("less than a minute left")
    if minutes < 90:
        return ngettext("about %(n)s minute left", "about %(n)s minutes left", minutes) % {"n": minutes}
    hours = round(minutes / 60)
    return ngettext("about %(n)s hour left", "about %(n)s hours left", hours) % {"n": hours}
