"""Failures: one by one, and grouped by cause."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from packager.admin import display
from packager.admin.base import OPERATE, SEE_TRACEBACKS, StaffAdmin, log, staff
from packager.admin.causes import ResolveAll, RetryAll, about_resolving, causes
from packager.admin.confirmation import ask
from packager.admin.filters import ResourceFilter, by_moment
from packager.lifecycle import failures
from packager.models import PackageError


@admin.register(PackageError)
class ErrorAdmin(StaffAdmin):
    """What went wrong."""

    list_display = ("reference", "code", "resource", "message", display.moment("at", "Time"), "resolved")
    list_filter = ("code", ("resolved_at", by_moment("state", "Open", "Resolved")), "retryable", "at", ResourceFilter)
    list_select_related = ("request",)
    search_fields = ("=reference", "=resource_id", "request__resource_title", "request__dataset_title")
    search_help_text = "Reference, or title or id of a resource"
    change_list_template = "admin/packager/packageerror/list.html"

    def get_fields(self, request: HttpRequest, obj: PackageError | None = None) -> tuple[str, ...]:
        """Tracebacks are for those who may see them."""
        trace = ("detail",) if request.user.has_perm(SEE_TRACEBACKS) else ()
        resolved = ("resolved_at", "resolved_by", "resolved_note")
        return (
            "reference",
            "request_link",
            "resource",
            "resource_id",
            "code",
            "message",
            "at",
            "attempt",
            *resolved,
            *trace,
        )

    def get_readonly_fields(self, request: HttpRequest, obj: PackageError | None = None) -> tuple[str, ...]:
        """All of it."""
        return self.get_fields(request, obj)

    resource = display.column(
        "Resource", lambda obj: display.named(obj.request, obj.resource_id), "request__resource_title"
    )
    # somebody has seen to it, or its request succeeded later
    resolved = display.column("Resolved", lambda obj: obj.resolved_at is not None, boolean=True)

    request_link = display.column("Request", lambda obj: display.link(obj.request))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Resolving, for those who may."""
        if not request.user.has_perm(OPERATE):
            return {}
        return {"resolve": (ErrorAdmin.resolve_selected, "resolve", "Mark as resolved")}

    def resolve_selected(self, request: HttpRequest, chosen: Any) -> HttpResponse | None:
        """Resolve the selected ones, without a note."""
        here, open_ones = request.get_full_path(), chosen.filter(resolved_at=None)
        if answer := ask(request, partial(about_resolving, open_ones), back=here, parent=(here, "Errors")):
            return answer
        ids = list(open_ones.order_by().values_list("pk", flat=True))
        failures.resolve(PackageError.objects.filter(pk__in=ids), staff(request), "")
        log(request, PackageError.objects.all(), ids, "Marked as resolved")
        messages.success(request, f"{len(ids):,} resolved.")
        return None

    # ------------------------------------------------------------- by cause

    def get_urls(self) -> list[URLPattern]:
        """The page of causes comes before the pages of single errors."""
        view = self.admin_site.admin_view(self.causes)
        return [path("causes/", view, name="packager_packageerror_causes"), *super().get_urls()]

    def causes(self, request: HttpRequest) -> HttpResponse:
        """Failures grouped by cause, with what can be done about all of one cause."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return self._answer(request)
        context = {
            **self.admin_site.each_context(request),
            "title": "Errors by cause",
            "opts": self.opts,
            "causes": causes(PackageError.objects.all()),
            "may_operate": request.user.has_perm(OPERATE),
        }
        return TemplateResponse(request, "admin/packager/packageerror/causes.html", context)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm(OPERATE):
            raise PermissionDenied
        code, page = request.POST.get("code", ""), reverse("admin:packager_packageerror_causes")
        wanted = RetryAll(code) if "retry" in request.POST else ResolveAll(code, request.POST.get("note", "").strip())
        if answer := ask(request, wanted.question, back=page, parent=(page, "Errors by cause")):
            return answer
        message = wanted.do(request)
        # one line for the cause, not thousands for its errors
        newest: QuerySet[PackageError] = PackageError.objects.filter(code=code)[:1]
        LogEntry.objects.log_actions(staff(request).pk, newest, CHANGE, f"All of {code}: {message}")
        messages.success(request, f"{code}: {message}")
        return HttpResponseRedirect(page)
