"""The filters of the lists of requests and errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from packager.models import PackageError, PackageRequest
from packager.titles import Titles, label, short_id

#: As many values as fit beside the list, out of so many of the latest rows: counting all takes too long.
MOST, LATEST = 12, 5000


class _Busiest(admin.SimpleListFilter):
    """The values of a field that most rows have, and the chosen one, if it is not among them."""

    field = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The most frequent values of late."""
        names = [name for name, _ in Counter(self.latest(model_admin)).most_common(MOST) if name]
        chosen = request.GET.get(self.parameter_name or "")
        return [(name, name) for name in ([chosen] if chosen and chosen not in names else []) + names]

    def latest(self, model_admin: Any) -> list[str]:
        """The values of the latest rows."""
        # both tables are ordered by age, the newest first
        return list(model_admin.model.objects.values_list(self.field, flat=True)[:LATEST])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those with the chosen value."""
        return queryset.filter(**{self.field: self.value()}) if self.value() else queryset


class ResourceFilter(_Busiest):
    """By resource: chosen by its name, filtered by its id."""

    title, parameter_name, field = "resource", "resource", "resource_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The most frequent resources of late, by their names; the id helps where two have the same."""
        found = [pk for pk, _ in super().lookups(request, model_admin)]
        names = {pk: label(self._titles.get(pk, Titles()), pk) for pk in found}
        shared = Counter(names.values())
        return [(pk, f"{names[pk]} ({short_id(pk)})" if shared[names[pk]] > 1 else names[pk]) for pk in found]

    def latest(self, model_admin: Any) -> list[str]:
        """See ``_Busiest``; remembers what they are called."""
        of = "" if model_admin.model is PackageRequest else "request__"
        rows = model_admin.model.objects.values_list(self.field, f"{of}resource_title", f"{of}dataset_title")[:LATEST]
        ids = []
        self._titles: dict[str, Titles] = {}
        for pk, resource, dataset in rows:
            ids.append(pk)
            self._titles[pk] = self._titles.get(pk) or Titles(resource, dataset)
        return ids


class HostFilter(_Busiest):
    """By CKAN site."""

    title, parameter_name, field = "CKAN host", "host", "ckan_host"


class FormatFilter(_Busiest):
    """By format."""

    title, parameter_name, field = "format", "format", "format"


def by_moment(heading: str, before: str, after: str) -> type[admin.EmptyFieldListFilter]:
    """A filter by whether something, of which a field keeps the time, has happened: ``before`` or ``after``."""

    class ByMoment(admin.EmptyFieldListFilter):
        def __init__(self, *arguments: Any, **more: Any) -> None:
            super().__init__(*arguments, **more)
            self.title = heading

        def choices(self, changelist: Any) -> Iterator[Any]:
            """See ``ListFilter``."""
            for choice, name in zip(super().choices(changelist), ("All", before, after), strict=True):
                yield {**choice, "display": name}

    return ByMoment


class HasErrors(admin.SimpleListFilter):
    """Whether a build of the request ever failed."""

    title, parameter_name = "errors", "has_errors"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Yes or no."""
        return [("yes", "Has errors"), ("no", "Has none")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those with, or without, an error of their own or of the build that they joined."""
        failed = Exists(PackageError.objects.filter(request=OuterRef("pk")))
        if self.value() == "yes":
            return queryset.filter(failed)
        return queryset.filter(~failed) if self.value() == "no" else queryset
