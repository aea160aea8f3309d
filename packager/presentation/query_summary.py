"""What a request asks for, in words: for its page, its mails, the README of its package, and staff."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from packager import plugins
from packager.errors import RequestError
from packager.models import Kind, PackageRequest
from packager.submission import Submission
from packager.titles import short_id

#: CKAN 2.12's range filters (https://docs.ckan.org/en/2.12/maintaining/datastore.html#filters).
_COMPARISONS = {
    "eq": gettext_lazy("equal to %(value)s"),
    "gt": gettext_lazy("greater than %(value)s"),
    "gte": gettext_lazy("%(value)s or greater"),
    "lt": gettext_lazy("less than %(value)s"),
    "lte": gettext_lazy("%(value)s or less"),
}
_OPTIONS = {
    "delimiter": gettext_lazy("Delimiter"),
    "bom": gettext_lazy("Byte order mark"),
    "excel_safe": gettext_lazy("Formulas neutralised"),
    "dialect": gettext_lazy("Files included"),
    "eml": gettext_lazy("Custom EML document"),
    "for_gbif": gettext_lazy("For GBIF"),
    "metadata": gettext_lazy("Metadata files"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A label and what stands beside it, one text a line."""

    label: str
    values: tuple[str, ...]


Lines = Iterator[tuple[str, list[str]]]


def query_summary(request: PackageRequest) -> list[Line]:
    """What ``request`` asks for, in the reader's language. Never tells an address, a key, or where a file lies."""
    lines = list(_source_lines(request))
    if request.kind != Kind.URL:
        lines += _query_lines(request)
    # the rest of the address may hold a secret of the data portal
    elif file := PurePosixPath(unquote(urlsplit(request.resource_url).path)).name:
        lines.append((_("File"), [file]))
    return [Line(label, tuple(values)) for label, values in lines]


def english_query_lines(request: PackageRequest | Submission) -> tuple[str, ...]:
    """The query of ``request`` for the README of its package: ``label: value; value``, each on one line."""
    with translation.override("en"):
        lines = list(_query_lines(request))
    return tuple(" ".join(f"{label}: {'; '.join(values)}".split()) for label, values in lines)


def _source_lines(request: PackageRequest) -> Lines:
    yield _("Resource"), [request.resource_name or short_id(request.resource_id)]
    if request.dataset_label:
        yield _("Dataset"), [request.dataset_label]
    if request.organization_title:
        yield _("Published by"), [request.organization_title]
    yield _("Data portal"), [request.ckan_host]
    if request.doi:
        yield _("DOI"), [request.doi]


def _query_lines(request: PackageRequest | Submission) -> Lines:
    given, rows = request.parameters, _rows(request.parameters)
    yield _("Format"), [format_label(request.format), *_options(request.format, request.options)]
    if search := given.get("q"):
        yield _("Search"), _search(search, given)
    if filters := given.get("filters"):
        yield _("Filters"), [f"{field}: {_condition(wanted)}" for field, wanted in filters.items()]
    elif not search and not rows:
        yield _("Filters"), [_("None (all rows)")]
    yield _("Columns"), [", ".join(given.get("fields", ())) or _("all")]
    if sort := given.get("sort"):
        yield _("Sorted by"), [_order(key) for key in str(sort).split(",")]
    if rows:
        yield _("Rows"), rows


def format_label(name: str) -> str:
    """What people call a format, in the reader's language; its name if it is not there any more."""
    try:
        return _(plugins.formats().get(name).label)
    except RequestError:
        return name


def _options(format: str, options: Mapping[str, Any]) -> list[str]:
    try:
        usual = plugins.formats().get(format).check({})
    except RequestError:
        return []
    lines = []
    for name, value in options.items():
        text = "yes" if value is True else "no" if value is False else str(value)
        words = {"yes": _("yes"), "no": _("no"), "\t": _("tab"), " ": _("space")}
        if value != usual.get(name):
            lines.append(f"{_OPTIONS.get(name, name)}: {words.get(text, text if len(text) <= 40 else _('yes'))}")
    return lines


def _search(search: Any, given: Mapping[str, Any]) -> list[str]:
    lines = [f"{field}: {text}" for field, text in search.items()] if isinstance(search, dict) else [str(search)]
    if given.get("plain") is False:
        lines.append(_("as a search expression"))
    if language := given.get("language"):
        lines.append(_("search language: %(language)s") % {"language": language})
    return lines


def _condition(wanted: Any) -> str:
    if isinstance(wanted, dict) and wanted and wanted.keys() <= _COMPARISONS.keys():
        parts = [_COMPARISONS[name] % {"value": _condition(value)} for name, value in wanted.items()]
        return _(" and ").join(parts)
    if isinstance(wanted, list) and wanted and not any(isinstance(value, dict | list) for value in wanted):
        return _(" or ").join(_condition(value) for value in wanted)
    return wanted if isinstance(wanted, str) else json.dumps(wanted, ensure_ascii=False)


def _order(key: str) -> str:
    """CKAN's ``field desc`` in words."""
    field, _space, direction = key.strip().rpartition(" ")
    if direction.lower() == "desc":
        return _("%(field)s, descending") % {"field": field}
    return field if direction.lower() == "asc" else key.strip()


def _rows(given: Mapping[str, Any]) -> list[str]:
    lines, limit, offset = [], given.get("limit"), given.get("offset")
    if limit is not None:
        lines.append(ngettext("at most %(rows)s row", "at most %(rows)s rows", limit) % {"rows": intcomma(limit)})
    if offset:
        text = ngettext("skipping the first %(rows)s row", "skipping the first %(rows)s rows", offset)
        lines.append(text % {"rows": intcomma(offset)})
    return lines
