"""How a request stands, as its page and its mails say it, and why it waits, as staff are told."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from packager import turns
from packager.models import UNDER_WAY, PackageRequest, Status
from packager.presentation.progress import Progress, progress_of
from packager.presentation.translation import READER, error_class, error_text, notes_of
from packager.sentences import count_of
from packager.turns import Place

#: Seconds until a page looks again. Who waits in the queue waits longer than who watches a build. Staff may take up
#: again what has ended without a package.
LOOK_AGAIN = {Status.QUEUED: 5, Status.RUNNING: 2, Status.FAILED: 30, Status.CANCELLED: 30, Status.EXPIRED: 30}


@dataclass(frozen=True, slots=True)
class RequestStatus:
    """What is to be said about one request. Texts are in the reader's language; empty if there is nothing to say.

    ``stage`` is the state as the requester sees it: a request that joined another one tells of that one's build, and
    one whose package is ``missing`` from the store can be recreated as if the package had expired.
    ``look_again`` are the seconds after which the page should look again; 0 when the package is there.
    """

    stage: str
    under_way: bool
    look_again: int
    place: str
    progress: Progress
    progress_text: str
    time_left: str
    problem: str
    retryable: bool
    can_be_recreated: bool
    nothing_matched: bool
    missing: bool
    notes: tuple[str, ...]


def status_of(request: PackageRequest) -> RequestStatus:
    """How ``request`` stands now."""
    build = request.building if request.status == Status.QUEUED else request
    stage = build.status if build.status in UNDER_WAY else request.status
    if request.package_missing:
        stage = Status.EXPIRED
    retryable = error_class(request.error_code).retryable
    again = stage in (Status.CANCELLED, Status.EXPIRED) or (stage == Status.FAILED and retryable)
    progress, package = progress_of(build), request.package
    return RequestStatus(
        stage=stage,
        under_way=stage in UNDER_WAY,
        look_again=LOOK_AGAIN.get(Status(stage), 0),
        place=_place(build) if stage == Status.QUEUED else "",
        progress=progress,
        progress_text=_progress_text(progress),
        time_left=_time_left(progress),
        problem=error_text(request.error_code, request.error_params, request.error_message),
        retryable=retryable,
        can_be_recreated=again and not request.key_gone,
        nothing_matched=package is not None and package.rows == 0,
        missing=package is not None and package.missing_since is not None,
        notes=tuple(READER.text(note) for note in notes_of(package)) if package else (),
    )


def _place(build: PackageRequest) -> str:
    place = turns.place(build)
    if place is None or not (place.ahead or place.held_back):
        return _("You're next in the queue.")
    if place.held_back:
        return _("Waiting for another of your packages to finish.")
    text = ngettext("%(ahead)s request ahead of yours.", "%(ahead)s requests ahead of yours.", place.ahead)
    return text % {"ahead": intcomma(place.ahead)}


def _progress_text(progress: Progress) -> str:
    done, total = progress.done, progress.total
    if progress.unit == "bytes":
        texts = {"done": filesizeformat(done), "total": filesizeformat(total or 0)}
        return (_("%(done)s so far") if total is None else _("%(done)s of %(total)s")) % texts
    if total is None:
        return ngettext("%(done)s row so far", "%(done)s rows so far", done) % {"done": intcomma(done)}
    text = ngettext("%(done)s of %(total)s row", "%(done)s of %(total)s rows", total)
    return text % {"done": intcomma(done), "total": intcomma(total)}


def _time_left(progress: Progress) -> str:
    """To the minute, or to the hour where it is long."""
    if progress.total and progress.done >= progress.total:
        return _("Finishing the package")
    if progress.seconds_left is None:
        return ""
    minutes = round(progress.seconds_left / 60)
    if minutes < 1:
        return _("less than a minute left")
    if minutes < 90:
        return ngettext("about %(n)s minute left", "about %(n)s minutes left", minutes) % {"n": minutes}
    hours = round(minutes / 60)
    return ngettext("about %(n)s hour left", "about %(n)s hours left", hours) % {"n": hours}


def why_waiting(request: PackageRequest, place: Place | None) -> str:
    """Why a queued request is not built yet, in English. ``place``: where it stands, None if it waits for another."""
    if request.leader_id:
        return "joined an identical request in progress"
    if place is None or not (place.ahead or place.held_back):
        return "next in the queue"
    if place.held_back:
        return f"this requester has {place.under_way:,} under way"
    others = f", in turn with {count_of(place.others, 'other requester')}" if place.others else ""
    return f"{count_of(place.ahead, 'request')} ahead{others}"
