"""The tables of the statistics, to look at: nothing here can be added, changed or deleted."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from stats.models import BuildRecord, DailySum, DownloadRecord, ErrorRecord, OpeningBalance, RequestRecord


class ReadOnlyAdmin(admin.ModelAdmin):
    """Looks, does not touch. Counting a large table for every page would make it slow."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


@admin.register(RequestRecord)
class RequestRecordAdmin(ReadOnlyAdmin):
    """Requests that were served."""

    list_display = ("at", "resource_id", "format", "domain", "rows", "size", "cached", "seconds")
    list_filter = ("format", "cached", "ckan_host")
    search_fields = ("=resource_id", "=email", "=request_id", "=domain")
    date_hierarchy = "at"


@admin.register(ErrorRecord)
class ErrorRecordAdmin(ReadOnlyAdmin):
    """Requests that failed."""

    list_display = ("at", "resource_id", "format", "code", "message")
    list_filter = ("code", "format", "ckan_host")
    search_fields = ("=resource_id", "=email", "=request_id", "message")
    date_hierarchy = "at"


@admin.register(BuildRecord)
class BuildRecordAdmin(ReadOnlyAdmin):
    """Packages that were built."""

    list_display = ("at", "resource_id", "format", "rows", "size", "seconds")
    list_filter = ("format", "ckan_host")
    search_fields = ("=resource_id", "=request_id")


@admin.register(DownloadRecord)
class DownloadRecordAdmin(ReadOnlyAdmin):
    """Packages that were sent."""

    list_display = ("at", "resource_id", "format", "size")
    list_filter = ("format", "ckan_host")
    search_fields = ("=resource_id", "=request_id")


@admin.register(DailySum)
class DailySumAdmin(ReadOnlyAdmin):
    """The sums of a day."""

    list_display = ("day", "resource_id", "format", *DailySum.COUNTERS)
    list_filter = ("format",)
    search_fields = ("=resource_id",)
    date_hierarchy = "day"


@admin.register(OpeningBalance)
class OpeningBalanceAdmin(ReadOnlyAdmin):
    """What was counted before us."""

    list_display = ("resource_id", "requests", "errors", "emails", "source")
    search_fields = ("=resource_id",)
