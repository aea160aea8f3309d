"""A first admin: everything can be listed, filtered, searched and opened; a failed request can be retried."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from packager import requests
from packager.errors import Conflict
from packager.models import Delivery, Package, PackageError, PackageRequest, RequestHistory


class ReadOnly:
    """Nothing is added, changed or deleted by hand: that is what the actions are for."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Never."""
        return False


class HistoryInline(ReadOnly, admin.TabularInline):
    """The timeline."""

    model = RequestHistory
    extra = 0


class ErrorInline(ReadOnly, admin.TabularInline):
    """The failures."""

    model = PackageError
    fields = ("at", "reference", "code", "message")
    extra = 0
    show_change_link = True


class DeliveryInline(ReadOnly, admin.TabularInline):
    """The mails."""

    model = Delivery
    fields = ("created_at", "subject", "channel", "state", "attempts", "error")
    extra = 0


@admin.register(PackageRequest)
class RequestAdmin(ReadOnly, admin.ModelAdmin):
    """What was asked for."""

    list_display = ("created_at", "resource_id", "format", "status", "queue", "rows_done", "ckan_host", "email")
    list_filter = ("status", "format", "queue", "kind", "created_at")
    search_fields = ("resource_id", "email", "error_reference", "id")
    date_hierarchy = "created_at"
    inlines = (HistoryInline, ErrorInline, DeliveryInline)
    exclude = ("sealed_key", "token")
    actions = ("retry_selected",)
    list_select_related = ("package",)
    show_full_result_count = False

    @admin.action(description="Try the selected requests again")
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[PackageRequest]) -> None:
        """Queue them again; those that are in no state for it are counted."""
        queued = left = 0
        for pk in queryset.values_list("pk", flat=True):
            try:
                requests.retry(pk, actor=str(request.user))
                queued += 1
            except Conflict:
                left += 1
        messages.success(request, f"{queued} queued again, {left} left as they were.")


@admin.register(PackageError)
class ErrorAdmin(ReadOnly, admin.ModelAdmin):
    """What went wrong."""

    list_display = ("at", "reference", "code", "resource_id", "message")
    list_filter = ("code", "retryable", "at")
    search_fields = ("reference", "resource_id", "message")


@admin.register(Package)
class PackageAdmin(ReadOnly, admin.ModelAdmin):
    """What is in the store."""

    list_display = ("created_at", "file_name", "format", "rows", "size", "downloads", "expires_at", "deleted_at")
    list_filter = ("format", "created_at", "deleted_at")
    search_fields = ("resource_id", "file_name", "sha256")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, admin.ModelAdmin):
    """What was sent."""

    list_display = ("created_at", "subject", "channel", "address", "state", "attempts", "next_attempt_at", "error")
    list_filter = ("state", "subject", "channel", "created_at")
    search_fields = ("address", "request__resource_id")
