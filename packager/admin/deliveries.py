"""Mails, webhook calls, and messages for other programs."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest

from packager.admin import display
from packager.admin.base import SEE_ADDRESSES, StaffAdmin
from packager.lifecycle.personal_data import masked
from packager.models import Delivery

ATTEMPTS, CREATED = display.number("attempts", "Attempts"), display.moment("created_at", "Created")


@admin.register(Delivery)
class DeliveryAdmin(StaffAdmin):
    """What was to be sent, and how it went."""

    list_filter = ("state", "subject", "channel", "created_at")
    list_select_related = ("request",)

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Addresses can be searched by those who may see them."""
        titles = ("request__resource_title", "request__dataset_title")
        return (*titles, "=address") if request.user.has_perm(SEE_ADDRESSES) else titles

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """The list, with what it can be searched for."""
        found = super().get_changelist_instance(request)
        found.search_help_text = "Title, or address" if request.user.has_perm(SEE_ADDRESSES) else "Title"
        return found

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        """Addresses are shown to those who may see them."""
        address = "address" if request.user.has_perm(SEE_ADDRESSES) else "masked_address"
        return ("subject", "resource", "channel", address, "badge", ATTEMPTS, CREATED, "error")

    def get_fields(self, request: HttpRequest, obj: Delivery | None = None) -> tuple[str, ...]:
        """The same for the page of one."""
        address = "address" if request.user.has_perm(SEE_ADDRESSES) else "masked_address"
        times = ("created_at", "next_attempt_at", "sent_at")
        return ("request_link", "subject", "channel", address, "badge", "attempts", *times, "error_code", "error")

    def get_readonly_fields(self, request: HttpRequest, obj: Delivery | None = None) -> tuple[str, ...]:
        """All of it."""
        return self.get_fields(request, obj)

    resource = display.column(
        "Resource", lambda obj: display.named(obj.request, obj.request.resource_id) if obj.request else "–"
    )
    badge = display.column("State", lambda obj: display.badge(obj.state), "state")
    masked_address = display.column("Address", lambda obj: masked(obj.address))

    request_link = display.column("Request", lambda obj: display.link(obj.request))
