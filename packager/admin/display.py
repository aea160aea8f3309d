"""How values are shown in lists and pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import intcomma
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime

from packager.models import PackageRequest, Status
from packager.presentation.progress import progress_of
from packager.titles import Titled

Column = Callable[[Any], Any]


def moment(field: str, label: str) -> Column:
    """A column with a time, short enough for a list."""
    return _column(field, label, lambda at: date_format(localtime(at), "Y-m-d H:i"), "moment")


def number(field: str, label: str) -> Column:
    """A column of numbers, which the style sheet puts to the right."""
    return _column(field, label, lambda value: f"{value:,.1f}" if isinstance(value, float) else f"{value:,}", "number")


def size(field: str, label: str) -> Column:
    """A column of sizes in units that people read, to the right."""
    return _column(field, label, filesizeformat, "number")


def _column(field: str, label: str, text: Callable[[Any], str], kind: str) -> Column:
    @admin.display(description=label, ordering=field, empty_value="–")
    def show(obj: Any) -> Any:
        value = getattr(obj, field)
        return None if value is None else text(value)

    # Django makes the class of the cells from it
    show.__name__ = f"{field}_{kind}"
    return show


def column(label: str, text: Callable[[Any], Any], ordering: str | None = None, *, boolean: bool | None = None) -> Any:
    """A column as an attribute of a ``ModelAdmin``: ``text`` of the row, or whether it holds."""

    def show(_model_admin: Any, obj: Any) -> Any:
        return text(obj)

    return admin.display(description=label, ordering=ordering, boolean=boolean)(show)


def link(request: PackageRequest | None) -> SafeString | str:
    """The way to the page of a request."""
    if request is None:
        return "–"
    address = reverse("admin:packager_packagerequest_change", args=[request.pk])
    return format_html('<a href="{}">{}</a>', address, request)


def badge(state: str) -> SafeString:
    """A state, readable without its colour: the style sheet puts a sign before the word."""
    return format_html('<span class="state state-{}">{}</span>', state, state)


def progress(request: PackageRequest) -> SafeString | str:
    """How far a request is: a bar while it runs, the number of rows when it is done, the cause when it failed."""
    found = progress_of(request)
    if request.status == Status.RUNNING and found.total:
        text = f"{intcomma(found.done)} of {intcomma(found.total)} {found.unit}"
        bar = '<progress value="{0}" max="100" aria-label="{1}"></progress> {0}%'
        return format_html(bar, found.share, text)
    if request.status == Status.RUNNING:
        return f"{intcomma(found.done)} {found.unit}"
    if request.status in (Status.SUCCEEDED, Status.EXPIRED) and found.done:
        return f"{intcomma(found.done)} {found.unit}"
    if request.error_code:
        # it may be broken after each of its words, where the column is narrow
        words = format_html_join(mark_safe("_<wbr>"), "{}", ((word,) for word in request.error_code.split("_")))
        return format_html('<span class="cause" title="{}">{}</span>', request.error_message, words)
    return "–"


def named(titled: Titled, resource_id: str) -> SafeString:
    """The resource that ``titled`` belongs to: by name, with the dataset below, and the id for whoever points at it."""
    dataset = format_html('<br><span class="quiet">{}</span>', titled.dataset_label) if titled.dataset_label else ""
    return format_html('<span title="{}">{}</span>{}', resource_id, titled.resource_label, dataset)
