"""The tables of the statistics, to look at: nothing here can be added, changed or deleted."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

from packager.admin import display
from packager.admin.base import SEE_ADDRESSES, StaffAdmin
from stats import resource_names
from stats.models import BuildRecord, DailySum, DownloadRecord, ErrorRecord, OpeningBalance, RequestRecord

TIME = display.moment("at", "Time")
ROWS, SIZE = display.number("rows", "Rows"), display.size("size", "Size")
BUILD_TIME = display.number("seconds", "Build time (s)")
COUNTED = tuple(
    display.number(name, name.capitalize()) for name in ("requests", "errors", "rows", "builds", "downloads")
)


class NamedAdmin(StaffAdmin):
    """Rows about resources, which are shown and found by their names."""

    search_fields: ClassVar[tuple[str, ...]] = ("=resource_id",)
    search_help_text = "Title or id of a resource"

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """The list, with the names of what is on this page."""
        found = super().get_changelist_instance(request)
        names = resource_names.names({row.resource_id for row in found.result_list}, public=False)
        for row in found.result_list:
            row.name = names[row.resource_id]
        return found

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Also by a part of the title of the resource or its dataset."""
        found, doubled = super().get_search_results(request, queryset, search_term)
        if term := search_term.strip():
            found |= queryset.filter(resource_id__in=resource_names.called(term))
        return found, doubled

    resource = display.column("Resource", lambda obj: display.named(obj.name, obj.resource_id), "resource_id")


class PersonalAdmin(NamedAdmin):
    """Records with an address, which is shown to those who may see addresses."""

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """What is not shown."""
        return ("import_key",) if request.user.has_perm(SEE_ADDRESSES) else ("import_key", "email")

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """What is searched."""
        fields = ("=resource_id", "=request_id", "=domain")
        return (*fields, "=email") if request.user.has_perm(SEE_ADDRESSES) else fields


@admin.register(RequestRecord)
class RequestRecordAdmin(PersonalAdmin):
    """Requests that were served."""

    list_display = (TIME, "resource", "format", "domain", ROWS, SIZE, "cached", BUILD_TIME)
    list_filter = ("cached", "at")


@admin.register(ErrorRecord)
class ErrorRecordAdmin(PersonalAdmin):
    """Requests that failed."""

    list_display = (TIME, "resource", "format", "code", "message")
    list_filter = ("code", "at")


@admin.register(BuildRecord)
class BuildRecordAdmin(NamedAdmin):
    """Packages that were built."""

    list_display = (TIME, "resource", "format", ROWS, SIZE, BUILD_TIME)
    list_filter = ("at",)
    search_fields = ("=resource_id", "=request_id")


@admin.register(DownloadRecord)
class DownloadRecordAdmin(NamedAdmin):
    """Packages that were sent."""

    list_display = (TIME, "resource", "format", SIZE)
    list_filter = ("at",)
    search_fields = ("=resource_id", "=request_id")


@admin.register(DailySum)
class DailySumAdmin(NamedAdmin):
    """The sums of a day."""

    list_display = ("day", "resource", "format", *COUNTED, display.size("bytes", "Sent"))
    list_filter = ("day",)


@admin.register(OpeningBalance)
class OpeningBalanceAdmin(NamedAdmin):
    """What was counted before us."""

    list_display = ("resource", *COUNTED[:2], display.number("emails", "Requesters"), "source")
