"""What somebody asked for, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from packager import plugins
from packager.errors import RequestError
from packager.models import Kind, PackageRequest
from packager.presentation.translation import translated

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
    "flavour": gettext_lazy("Files inside"),
    "eml": gettext_lazy("Own EML document"),
    "for_gbif": gettext_lazy("For GBIF"),
    "metadata": gettext_lazy("Metadata files"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A label and what stands beside it, one text a line."""

    label: str
    values: tuple[str, ...]


def asked(request: PackageRequest) -> list[Line]:
    """What ``request`` asks for, in the language of now. Never tells an address, a key, or where a file lies."""
    lines = _file(request) if request.kind == Kind.URL else _table(request)
    return [Line(label, tuple(values)) for label, values in lines]


def _file(request: PackageRequest) -> Iterator[tuple[str, list[str]]]:
    # the rest of the address may hold a secret of the data portal
    name = PurePosixPath(unquote(urlsplit(request.resource_url).path)).name
    yield _("File"), [name or request.resource_id]
    yield from _place(request)


def _place(request: PackageRequest) -> Iterator[tuple[str, list[str]]]:
    yield _("Resource"), [request.resource_id]
    yield _("Data portal"), [request.ckan_host]
    if request.doi:
        yield _("DOI"), [request.doi]


def _table(request: PackageRequest) -> Iterator[tuple[str, list[str]]]:
    given = request.parameters
    yield from _place(request)
    yield _("Format"), [format_label(request.format), *_options(request)]
    if search := given.get("q"):
        yield _("Search"), _search(search, given)
    yield _("Filters"), _filters(given.get("filters") or {}) or [_("none: every row")]
    yield _("Columns"), [", ".join(given.get("fields", ())) or _("all")]
    if sort := given.get("sort"):
        yield _("Sorted by"), [_order(key) for key in str(sort).split(",")]
    if rows := _rows(given):
        yield _("Rows"), rows


def format_label(name: str) -> str:
    """What people call a format, in the language of now; its name if it is not there any more."""
    try:
        return translated(plugins.formats().get(name).label)
    except RequestError:
        return name


def _options(request: PackageRequest) -> list[str]:
    try:
        usual = plugins.formats().get(request.format).check({})
    except RequestError:
        return []
    changed = {name: value for name, value in request.options.items() if value != usual.get(name)}
    return [f"{_OPTIONS.get(name, name)}: {_option_value(value)}" for name, value in changed.items()]


def _option_value(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    text = str(value)
    return {"\t": _("tab"), " ": _("space")}.get(text, text if len(text) <= 40 else _("yes"))


def _search(search: Any, given: Mapping[str, Any]) -> list[str]:
    lines = [f"{field}: {text}" for field, text in search.items()] if isinstance(search, dict) else [str(search)]
    if given.get("plain") is False:
        lines.append(_("read as a search expression"))
    if language := given.get("language"):
        lines.append(_("language of the search: %(language)s") % {"language": language})
    return lines


def _filters(filters: Mapping[str, Any]) -> list[str]:
    return [f"{field}: {_wish(wish)}" for field, wish in filters.items()]


def _wish(wish: Any) -> str:
    if isinstance(wish, dict) and wish.keys() <= _COMPARISONS.keys():
        parts = [_COMPARISONS[name] % {"value": _wish(value)} for name, value in wish.items()]
        return _(" and ").join(parts)
    if isinstance(wish, list) and not any(isinstance(value, dict | list) for value in wish):
        return _(" or ").join(_wish(value) for value in wish)
    return wish if isinstance(wish, str) else json.dumps(wish, ensure_ascii=False)


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
        text = ngettext("the first %(rows)s row left out", "the first %(rows)s rows left out", offset)
        lines.append(text % {"rows": intcomma(offset)})
    return lines
