"""How values are shown in lists and pages."""

from __future__ import annotations

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.html import format_html
from django.utils.safestring import SafeString

from packager.models import PackageRequest, Status
from packager.presentation.progress import Progress, progress_of


def badge(state: str) -> SafeString:
    """A state, readable without its colour: the style sheet puts a sign before the word."""
    return format_html('<span class="state state-{}">{}</span>', state, state)


def progress(request: PackageRequest) -> SafeString | str:
    """How far a request is: a bar while it runs, the number of rows when it is done."""
    found = progress_of(request)
    if request.status == Status.RUNNING:
        return _bar(found)
    if request.status in (Status.SUCCEEDED, Status.EXPIRED) and found.done:
        return f"{intcomma(found.done)} {found.unit}"
    return "–"


def _bar(found: Progress) -> SafeString:
    if not found.total:
        return format_html("{} {}", intcomma(found.done), found.unit)
    text = f"{intcomma(found.done)} of {intcomma(found.total)} {found.unit}"
    return format_html('<progress value="{0}" max="100" aria-label="{1}"></progress> {0} %', found.share, text)
