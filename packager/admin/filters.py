"""The filters of the list of requests."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from packager.models import PackageError, PackageRequest

#: As many values as fit beside the list, out of so many of the latest requests: counting all takes too long.
MOST, LATEST = 12, 5000


class _Busiest(admin.SimpleListFilter):
    """The values of a field that most requests have, and the chosen one, if it is not among them."""

    field = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The most frequent values of late."""
        latest = PackageRequest.objects.order_by("-created_at").values_list(self.field, flat=True)[:LATEST]
        names = [name for name, _ in Counter(latest).most_common(MOST) if name]
        chosen = request.GET.get(self.parameter_name or "")
        return [(name, name) for name in ([chosen] if chosen and chosen not in names else []) + names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those with the chosen value."""
        return queryset.filter(**{self.field: self.value()}) if self.value() else queryset


class ResourceFilter(_Busiest):
    """By resource."""

    title, parameter_name, field = "resource", "resource", "resource_id"


class HostFilter(_Busiest):
    """By CKAN site."""

    title, parameter_name, field = "CKAN host", "host", "ckan_host"


class FormatFilter(_Busiest):
    """By format."""

    title, parameter_name, field = "format", "format", "format"


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
