"""How values are shown in lists and pages."""

from __future__ import annotations

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.html import format_html
from django.utils.safestring import SafeString

from packager.models import PackageRequest, Status


def badge(state: str) -> SafeString:
    """A state, readable without its colour: the style sheet puts a sign before the word."""
    return format_html('<span class="state state-{}">{}</span>', state, state)


def progress(request: PackageRequest) -> SafeString | str:
    """How far a request is: a bar while it runs, the number of rows when it is done."""
    done, total = request.rows_done, request.rows_total
    unit = "rows"
    if request.kind == "url":
        done, total, unit = request.bytes_done, request.bytes_total, "bytes"
    if request.status == Status.RUNNING:
        return _bar(done, total, unit)
    if request.status in (Status.SUCCEEDED, Status.EXPIRED) and done:
        return f"{intcomma(done)} {unit}"
    return "–"


def _bar(done: int, total: int | None, unit: str) -> SafeString:
    if not total:
        return format_html("{} {}", intcomma(done), unit)
    share = min(100, done * 100 // total)
    text = f"{intcomma(done)} of {intcomma(total)} {unit}"
    return format_html('<progress value="{}" max="100" aria-label="{}"></progress> {} %', share, text, share)
