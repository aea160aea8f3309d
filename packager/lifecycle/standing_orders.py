"""Standing orders: who may place one, when it is built again, and when it stops of itself."""

from __future__ import annotations

import calendar
import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from packager.errors import Conflict, RequestError
from packager.lifecycle import requests
from packager.lifecycle.changes import SETTLE
from packager.models import UNDER_WAY, PackageRequest, StandingOrder
from packager.submission import from_request

log = logging.getLogger(__name__)
Every, State = StandingOrder.Every, StandingOrder.State
#: The hour (UTC) of what is built by night.
HOUR = 2
#: After so many packages in a row that nobody downloaded it stops.
PATIENCE = 3
NOT_DOWNLOADED = f"Nobody downloaded the last {PATIENCE} packages."


def of(request: PackageRequest) -> StandingOrder | None:
    """The standing order that ``request`` belongs to, as its first request or as one made for it."""
    return StandingOrder.objects.filter(Q(request=request) | Q(requests=request)).first()


def refusal(request: PackageRequest) -> str:
    """Why there can be no standing order for ``request``, in a sentence; empty if there can be one."""
    if request.key_used:
        return "The data are private, and the key they are read with is kept no longer than it is needed"
    reachable = "@" in request.email or request.webhook_url
    return "" if reachable else "Nobody could be told: the request has neither an address nor a webhook"


def place(request: PackageRequest, every: str) -> StandingOrder:
    """Have ``request`` built again and again, or change when; one that was paused or ended goes on.

    Raises:
        Conflict: it cannot be.
    """
    if reason := refusal(request):
        raise Conflict(reason)
    first, now = getattr(of(request), "request", request), timezone.now()
    facts = {"every": every, "state": State.ACTIVE, "why_ended": "", "due_at": next_time(every, now)}
    made = {**facts, "created_at": now}
    return StandingOrder.objects.update_or_create(request=first, defaults=facts, create_defaults=made)[0]


def next_time(every: str, now: datetime) -> datetime | None:
    """When it is due after ``now``; None for one that waits for a change."""
    night = now.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    if every == Every.NIGHT:
        return night if night > now else night + timedelta(days=1)
    if every == Every.WEEK:
        return night + timedelta(days=7)
    if every == Every.MONTH:
        return night + timedelta(days=calendar.monthrange(now.year, now.month)[1])
    return None


def pause(order: StandingOrder) -> None:
    """Build it no more until it is resumed."""
    _change(order, State.ACTIVE, state=State.PAUSED)


def resume(order: StandingOrder) -> None:
    """Go on with one that was paused."""
    _change(order, State.PAUSED, state=State.ACTIVE, due_at=next_time(order.every, timezone.now()))


def end(order: StandingOrder, why: str) -> None:
    """Build it no more. ``why`` is a sentence for staff."""
    _change(order, State.ACTIVE, State.PAUSED, state=State.ENDED, why_ended=why, due_at=None)


def _change(order: StandingOrder, *before: str, **changes: object) -> None:
    StandingOrder.objects.filter(pk=order.pk, state__in=before).update(**changes)
    order.refresh_from_db()


def build_due() -> int:
    """Ask again for everything that is due. Returns for how many."""
    due = StandingOrder.objects.filter(state=State.ACTIVE, due_at__lte=timezone.now())
    return sum(_build(pk) for pk in list(due.values_list("pk", flat=True)[:1000]))


@transaction.atomic
def _build(pk: int) -> bool:
    now = timezone.now()
    due = StandingOrder.objects.select_for_update().select_related("request")
    order = due.filter(pk=pk, state=State.ACTIVE, due_at__lte=now).first()
    if order is None:
        return False
    last = list(order.requests.select_related("package").order_by("-created_at")[:PATIENCE])
    ignored = [request for request in last if not (request.package and request.package.downloads)]
    reason = refusal(order.request)
    if reason or len(ignored) == PATIENCE:
        end(order, f"{reason}." if reason else NOT_DOWNLOADED)
        return False
    if order.requests.filter(status__in=UNDER_WAY).exists():
        _change(order, State.ACTIVE, due_at=now + SETTLE)
        return False
    _change(order, State.ACTIVE, due_at=next_time(order.every, now))
    return _ask_again(order)


def _ask_again(order: StandingOrder) -> bool:
    submission, by_the_clock = from_request(order.request), order.every != Every.CHANGE
    try:
        with transaction.atomic():
            requests.submit(submission, ignore_cache=by_the_clock, order=order)
    except RequestError as error:
        end(order, error.message)
        return False
    return True
