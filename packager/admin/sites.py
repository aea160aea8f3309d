"""CKAN sites in the admin."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from packager.admin.secrets import Secrets, show_once
from packager.security.sites import CkanSite


@admin.register(CkanSite)
class CkanSiteAdmin(admin.ModelAdmin):
    """Sites whose data may be read."""

    list_display = ("name", "url", "active", "own_secret", "created_at")
    list_filter = ("active",)
    search_fields = ("name", "url", "notes")
    fields = ("name", "url", "active", "notes", "own_secret")
    readonly_fields = ("own_secret",)
    actions = ("renew_secret", "remove_secret")

    @admin.display(description="secret of its own", boolean=True)
    def own_secret(self, site: CkanSite) -> bool:
        """Whether it has one."""
        return bool(site.secret_digest)

    @admin.action(description="Make a new secret for the selected sites", permissions=["change"])
    def renew_secret(self, request: HttpRequest, queryset: QuerySet[CkanSite]) -> HttpResponse:
        """Each gets another; the old ones open nothing any more."""
        shown: Secrets = []
        for site in queryset:
            shown.append((f"{site.name}: ckanpackager secret", site.renew_secret()))
            self.log_change(request, site, "New secret.")
        return show_once(request, CkanSite, "New secrets", shown)

    @admin.action(description="Take their own secret from the selected sites", permissions=["change"])
    def remove_secret(self, request: HttpRequest, queryset: QuerySet[CkanSite]) -> None:
        """From then on they need PACKAGER_SECRET."""
        for site in queryset.exclude(secret_digest=""):
            self.log_change(request, site, "Secret removed.")
        queryset.update(secret_digest="")
        messages.success(request, "The sites have no secret of their own any more.")
