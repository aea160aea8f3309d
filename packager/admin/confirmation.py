"""Asks staff before something is done to many: how many, how old, how many mails; and leads back from there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db.models import Max, Min, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.formats import date_format
from django.utils.timezone import localtime

#: When the mails about what is built go out.
WHEN_DONE = "one for each request when it is done"
#: Not carried over from what was posted to what staff answer.
_ANSWERS = ("csrfmiddlewaretoken", "confirmed", "declined")


@dataclass(frozen=True, slots=True)
class Question:
    """What staff are asked.

    Attributes:
        title: the question; without its question mark it is what the button says that does it.
        count: how many would be changed; with none there is nothing to confirm.
        facts: names and values.
        warning: what else follows.
    """

    title: str
    count: int
    facts: list[tuple[str, str]] = field(default_factory=list)
    warning: str = ""

    @property
    def button(self) -> str:
        """What the button says that does it."""
        return self.title.rstrip("?") if self.count else "Nothing to do"


def ask(
    request: HttpRequest, question: Callable[[], Question], *, back: str, parent: tuple[str, str]
) -> HttpResponse | None:
    """The page that asks, or the way ``back`` for somebody who said no; None for somebody who said yes.

    What was posted comes again with the answer. ``parent`` is the page above, for the breadcrumbs: address and title.
    """
    if "declined" in request.POST:
        return HttpResponseRedirect(back)
    if "confirmed" in request.POST:
        return None
    asked = question()
    posted = [(name, values) for name, values in request.POST.lists() if name not in _ANSWERS]
    title = asked.title if asked.count else asked.button
    context = {"title": title, "question": asked, "posted": posted, "parent": parent}
    return TemplateResponse(request, "admin/confirm.html", {**admin.site.each_context(request), **context})


def span_of(oldest: datetime | None, newest: datetime | None) -> str:
    """From the oldest to the newest, and how long ago that was."""
    if oldest is None or newest is None:
        return "–"
    ends = dict.fromkeys(f"{date_format(localtime(at), 'Y-m-d H:i')} ({naturaltime(at)})" for at in (oldest, newest))
    return " to ".join(ends)


def ages(rows: QuerySet, field_name: str) -> str:
    """The span of a field over all ``rows``."""
    return span_of(*rows.order_by().aggregate(oldest=Min(field_name), newest=Max(field_name)).values())
