"""Standing orders in the admin."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from packager.admin import display
from packager.admin.base import OPERATE, StaffAdmin, log, staff
from packager.lifecycle import standing_orders
from packager.models import StandingOrder


@admin.register(StandingOrder)
class StandingOrderAdmin(StaffAdmin):
    """What is built again and again."""

    list_display = ("request", "every", "badge", "built", "due_at", "created_at", "why_ended")
    list_filter = ("state", "every", "created_at")
    list_select_related = ("request",)
    search_fields = ("request__resource_title", "request__dataset_title", "=request__resource_id")
    search_help_text = "Title or id of a resource"
    fields = readonly_fields = ("request", "every", "badge", "built", "due_at", "created_at", "why_ended")
    actions = ("pause", "resume", "end")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Who may retry and cancel requests may do this."""
        return request.user.has_perm(OPERATE)

    badge = display.column("State", lambda obj: display.badge(obj.state), "state")
    built = display.column("Built", lambda obj: obj.requests.count())

    @admin.action(description="Pause", permissions=["operate"])
    def pause(self, request: HttpRequest, queryset: QuerySet[StandingOrder]) -> None:
        """Until they are resumed."""
        self._each(request, queryset, standing_orders.pause, "Paused")

    @admin.action(description="Resume", permissions=["operate"])
    def resume(self, request: HttpRequest, queryset: QuerySet[StandingOrder]) -> None:
        """Those that were paused."""
        self._each(request, queryset, standing_orders.resume, "Resumed")

    @admin.action(description="End", permissions=["operate"])
    def end(self, request: HttpRequest, queryset: QuerySet[StandingOrder]) -> None:
        """For good, unless their requesters place them again."""
        why = f"Ended by {staff(request).get_username()}."
        self._each(request, queryset, lambda order: standing_orders.end(order, why), "Ended")

    def _each(
        self, request: HttpRequest, orders: QuerySet[StandingOrder], do: Callable[[StandingOrder], None], word: str
    ) -> None:
        changed = []
        for order in orders:
            before = order.state
            do(order)
            changed += [order.pk] * (order.state != before)
        log(request, StandingOrder.objects.all(), changed, f"{word}.")
        left = len(orders) - len(changed)
        messages.success(request, f"{len(changed):,} {word.lower()}" + (f", {left:,} skipped." if left else "."))
