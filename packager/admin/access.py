"""API keys and CKAN sites in the admin. Their secrets are shown once, on a page that no cache keeps."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from packager.security import api_keys
from packager.security.api_keys import ApiKey, CkanSite, Issued, Scope

#: What a page of secrets shows: headings, and names with the secrets that belong to them.
Secrets = list[tuple[str, str]]


def show_once(request: HttpRequest, model: type[Model], title: str, secrets: Secrets) -> HttpResponse:
    """A page with secrets that nobody sees again, and a link back to the list of ``model``."""
    back = reverse(f"admin:packager_{model._meta.model_name}_changelist")
    names = {"title": title, "name_of_all": model._meta.verbose_name_plural}
    context = {**admin.site.each_context(request), **names, "secrets": secrets, "back": back}
    response = TemplateResponse(request, "admin/packager/secrets.html", context)
    add_never_cache_headers(response)
    return response


class KeyForm(forms.ModelForm):
    """Name and scopes."""

    scopes = forms.MultipleChoiceField(
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=[str(scope) for scope in api_keys.USUAL_SCOPES],
    )

    class Meta:
        model = ApiKey
        fields = ("name", "scopes")


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin):
    """Keys are made and revoked, never deleted: their requests go on to say whose they are."""

    form = KeyForm
    list_display = ("name", "prefix", "scope_list", "created_by", "created_at", "last_used_at", "revoked_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter), "created_at")
    list_select_related = ("created_by",)
    search_fields = ("name", "prefix")
    readonly_fields = ("prefix", "created_by", "created_at", "last_used_at", "revoked_at")
    actions = ("revoke",)

    @admin.display(description="scopes")
    def scope_list(self, api_key: ApiKey) -> str:
        """All of them in one line."""
        return ", ".join(api_key.scopes)

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        """A new key has nothing yet but its name and scopes."""
        return ("name", "scopes", *(self.readonly_fields if obj else ()))

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """Never: see ``revoke``."""
        return False

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        """A new key gets its secrets, which the answer shows."""
        if change:
            super().save_model(request, obj, form, change)
            return
        obj.created_by = request.user if request.user.is_authenticated else None
        request.issued = api_keys.secure(obj)  # type: ignore[attr-defined]  # admins are shared by threads

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """The key, once."""
        issued: Issued = request.issued  # type: ignore[attr-defined]
        secrets = [("API key", issued.text), ("Secret that signs its webhooks", issued.webhook_secret)]
        return show_once(request, ApiKey, f"The key “{obj.name}” was made", secrets)

    @admin.action(description="Revoke the selected keys", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        """Take them out of force, for good."""
        for api_key in queryset.filter(revoked_at=None):
            self.log_change(request, api_key, "Revoked.")
        messages.success(request, f"{api_keys.revoke(queryset)} revoked.")


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
