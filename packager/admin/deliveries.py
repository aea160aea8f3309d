"""Mails and webhook calls."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from packager.admin import display
from packager.admin.base import SEE_ADDRESSES, StaffAdmin
from packager.lifecycle.personal_data import masked
from packager.models import Delivery


@admin.register(Delivery)
class DeliveryAdmin(StaffAdmin):
    """Mails and webhook calls, with how they went."""

    list_filter = ("state", "subject", "channel", "created_at")
    search_help_text = "Address"

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Addresses can be searched by those who may see them."""
        return ("=address",) if request.user.has_perm(SEE_ADDRESSES) else ()

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Addresses are shown to those who may see them."""
        address = "address" if request.user.has_perm(SEE_ADDRESSES) else "masked_address"
        return ("subject", "channel", address, "badge", "attempts", "created_at", "next_attempt_at", "error")

    def get_fields(self, request: HttpRequest, obj: Delivery | None = None) -> tuple[str, ...]:
        """The same for the page of one."""
        address = "address" if request.user.has_perm(SEE_ADDRESSES) else "masked_address"
        times = ("created_at", "next_attempt_at", "sent_at")
        return ("request_link", "subject", "channel", address, "badge", "attempts", *times, "error_code", "error")

    def get_readonly_fields(self, request: HttpRequest, obj: Delivery | None = None) -> tuple[str, ...]:
        """All of it."""
        return self.get_fields(request, obj)

    @admin.display(description="State", ordering="state")
    def badge(self, obj: Delivery) -> SafeString:
        """A badge."""
        return display.badge(obj.state)

    @admin.display(description="Address")
    def masked_address(self, obj: Delivery) -> str:
        """The domain only."""
        return masked(obj.address)

    @admin.display(description="Request")
    def request_link(self, obj: Delivery) -> SafeString:
        """The way to the request."""
        link = reverse("admin:packager_packagerequest_change", args=[obj.request_id])
        return format_html('<a href="{}">{}</a>', link, obj.request)
