"""The tables of the statistics, to look at: nothing here can be added, changed or deleted."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from packager.admin.base import SEE_ADDRESSES, StaffAdmin
from stats.models import BuildRecord, DailySum, DownloadRecord, ErrorRecord, OpeningBalance, RequestRecord


class PersonalAdmin(StaffAdmin):
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

    list_display = ("at", "resource_id", "format", "domain", "rows", "size", "cached", "seconds")
    list_filter = ("cached", "at")


@admin.register(ErrorRecord)
class ErrorRecordAdmin(PersonalAdmin):
    """Requests that failed."""

    list_display = ("at", "resource_id", "format", "code", "message")
    list_filter = ("code", "at")


@admin.register(BuildRecord)
class BuildRecordAdmin(StaffAdmin):
    """Packages that were built."""

    list_display = ("at", "resource_id", "format", "rows", "size", "seconds")
    list_filter = ("at",)
    search_fields = ("=resource_id", "=request_id")


@admin.register(DownloadRecord)
class DownloadRecordAdmin(StaffAdmin):
    """Packages that were sent."""

    list_display = ("at", "resource_id", "format", "size")
    list_filter = ("at",)
    search_fields = ("=resource_id", "=request_id")


@admin.register(DailySum)
class DailySumAdmin(StaffAdmin):
    """The sums of a day."""

    list_display = ("day", "resource_id", "format", *DailySum.COUNTERS)
    list_filter = ("day",)
    search_fields = ("=resource_id",)


@admin.register(OpeningBalance)
class OpeningBalanceAdmin(StaffAdmin):
    """What was counted before us."""

    list_display = ("resource_id", "requests", "errors", "emails", "source")
    search_fields = ("=resource_id",)
