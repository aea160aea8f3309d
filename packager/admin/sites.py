"""CKAN sites in the admin."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from packager.admin import display
from packager.admin.base import PlainTitle, Secrets, show_once
from packager.admin.confirmation import Question, ages, ask
from packager.security.sites import CkanSite
from packager.sentences import count_of


@admin.register(CkanSite)
class CkanSiteAdmin(PlainTitle, admin.ModelAdmin):
    """Sites whose data may be read."""

    list_display = ("name", "url", "active", "own_secret", "created_at")
    list_filter = ("active",)
    search_fields = ("name", "url", "notes")
    fields = ("name", "url", "active", "notes", "own_secret")
    readonly_fields = ("own_secret",)
    actions = ("renew_secret", "remove_secret")

    own_secret = display.column("own secret", lambda site: bool(site.secret_digest), boolean=True)

    @admin.action(description="Create new secrets for the selected sites", permissions=["change"])
    def renew_secret(self, request: HttpRequest, queryset: QuerySet[CkanSite]) -> HttpResponse:
        """Each gets another; the old ones open nothing any more."""
        if answer := self._ask(request, queryset, "Create new secrets for {}?", "The old ones stop working."):
            return answer
        shown: Secrets = []
        for site in queryset:
            shown.append((f"{site.name}: ckanpackager secret", site.renew_secret()))
            self.log_change(request, site, "New secret.")
        return show_once(request, CkanSite, "New secrets", shown)

    @admin.action(description="Remove the secrets of the selected sites", permissions=["change"])
    def remove_secret(self, request: HttpRequest, queryset: QuerySet[CkanSite]) -> HttpResponse | None:
        """From then on they need PACKAGER_SECRET."""
        chosen = queryset.exclude(secret_digest="")
        if answer := self._ask(request, chosen, "Remove the secrets of {}?", "They will then need PACKAGER_SECRET."):
            return answer
        for site in chosen:
            self.log_change(request, site, "Secret removed.")
        messages.success(request, f"{count_of(chosen.update(secret_digest=''), 'secret')} removed.")
        return None

    def _ask(self, request: HttpRequest, sites: QuerySet[CkanSite], title: str, warning: str) -> HttpResponse | None:
        names = ", ".join(site.name for site in sites) or "none with a secret"
        facts = [("Sites", names), ("Created", ages(sites, "created_at")), ("Emails", "none")]
        question = Question(title.format(count_of(len(sites), "site")), len(sites), facts, warning)
        here = request.get_full_path()
        return ask(request, lambda: question, back=here, parent=(here, "CKAN sites"))
