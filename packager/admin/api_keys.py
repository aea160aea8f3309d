"""API keys in the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from packager.admin import display
from packager.admin.base import PlainTitle, show_once
from packager.admin.confirmation import Question, ages, ask
from packager.admin.filters import by_moment
from packager.security import api_keys
from packager.security.api_keys import ApiKey, Issued, Scope
from packager.sentences import count_of


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
class ApiKeyAdmin(PlainTitle, admin.ModelAdmin):
    """Keys are made and revoked, never deleted: their requests go on to say whose they are."""

    form = KeyForm
    list_display = ("name", "prefix", "scope_list", "created_by", "created_at", "last_used_at", "revoked_at")
    list_filter = (("revoked_at", by_moment("state", "Valid", "Revoked")), "created_at")
    list_select_related = ("created_by",)
    search_fields = ("name", "prefix")
    readonly_fields = ("prefix", "created_by", "created_at", "last_used_at", "revoked_at")
    actions = ("revoke",)

    scope_list = display.column("scopes", lambda api_key: ", ".join(api_key.scopes))

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
        request.issued = api_keys.issue_unsaved(obj)  # type: ignore[attr-defined]  # admins are shared by threads

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """The key, once."""
        issued: Issued = request.issued  # type: ignore[attr-defined]
        secrets = [("API key", issued.text), ("Secret that signs its webhooks", issued.webhook_secret)]
        return show_once(request, ApiKey, f"API key “{obj.name}” created", secrets)

    @admin.action(description="Revoke the selected keys", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> HttpResponse | None:
        """Take them out of force, for good."""
        here, valid = request.get_full_path(), queryset.filter(revoked_at=None)
        facts = [
            ("Keys", ", ".join(key.name for key in valid) or "none valid"),
            ("Created", ages(valid, "created_at")),
            ("Last used", ages(valid, "last_used_at")),
            ("Emails", "none"),
        ]
        warning = "Programs that use them will be rejected from now on."
        question = Question(f"Revoke {count_of(len(valid), 'API key')}?", len(valid), facts, warning)
        if answer := ask(request, lambda: question, back=here, parent=(here, "API keys")):
            return answer
        for api_key in valid:
            self.log_change(request, api_key, "Revoked.")
        messages.success(request, f"{api_keys.revoke(queryset)} revoked.")
        return None
