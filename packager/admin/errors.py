"""Failures: one by one, and grouped by cause."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from packager.admin.base import OPERATE, SEE_TRACEBACKS, StaffAdmin, log, staff
from packager.lifecycle import failures
from packager.models import PackageError, PackageRequest
from packager.querysets import ErrorQuerySet

#: Resources named beside a cause.
NAMED = 2


@admin.register(PackageError)
class ErrorAdmin(StaffAdmin):
    """What went wrong."""

    list_display = ("reference", "code", "resource_id", "message", "at", "settled")
    list_filter = ("code", ("resolved_at", admin.EmptyFieldListFilter), "retryable", "at")
    search_fields = ("=reference", "=resource_id")
    search_help_text = "Reference or resource"
    change_list_template = "admin/packager/packageerror/list.html"

    def get_fields(self, request: HttpRequest, obj: PackageError | None = None) -> tuple[str, ...]:
        """Tracebacks are for those who may see them."""
        trace = ("detail",) if request.user.has_perm(SEE_TRACEBACKS) else ()
        settled = ("resolved_at", "resolved_by", "resolved_note")
        return ("reference", "request_link", "resource_id", "code", "message", "at", "attempt", *settled, *trace)

    def get_readonly_fields(self, request: HttpRequest, obj: PackageError | None = None) -> tuple[str, ...]:
        """All of it."""
        return self.get_fields(request, obj)

    @admin.display(description="Settled", boolean=True)
    def settled(self, obj: PackageError) -> bool:
        """Whether somebody has seen to it."""
        return obj.resolved_at is not None

    @admin.display(description="Request")
    def request_link(self, obj: PackageError) -> SafeString:
        """The way to the request."""
        link = reverse("admin:packager_packagerequest_change", args=[obj.request_id])
        return format_html('<a href="{}">{}</a>', link, obj.request)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Settling, for those who may."""
        if not request.user.has_perm(OPERATE):
            return {}
        return {"settle": (ErrorAdmin.settle_selected, "settle", "Mark as settled")}

    def settle_selected(self, request: HttpRequest, chosen: Any) -> None:
        """Settle the selected ones, without a note."""
        ids = list(chosen.order_by().filter(resolved_at=None).values_list("pk", flat=True))
        failures.resolve(PackageError.objects.filter(pk__in=ids), staff(request), "")
        log(request, PackageError.objects.all(), ids, "Marked as settled")
        messages.success(request, f"{len(ids)} marked as settled.")

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
            "causes": _causes(PackageError.objects.all()),
            "may_operate": request.user.has_perm(OPERATE),
        }
        return TemplateResponse(request, "admin/packager/packageerror/causes.html", context)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm(OPERATE):
            raise PermissionDenied
        code = request.POST.get("code", "")
        if "retry" in request.POST:
            message = _retry(request, code)
        else:
            message = _settle(request, code, request.POST.get("note", "").strip())
        _log_cause(request, code, message)
        messages.success(request, f"{code}: {message}")
        return HttpResponseRedirect(reverse("admin:packager_packageerror_causes"))


def _retry(request: HttpRequest, code: str) -> str:
    tally = failures.retry_cause(code, staff(request).get_username())
    log(request, PackageRequest.objects.all(), tally.done, f"Retry of all {code}")
    return f"{len(tally.done)} requests queued again, {tally.left} left as they were."


def _settle(request: HttpRequest, code: str, note: str) -> str:
    settled = failures.resolve(PackageError.objects.of_cause(code), staff(request), note)
    return f"{settled} marked as settled."


def _log_cause(request: HttpRequest, code: str, message: str) -> None:
    # one line for the cause, not thousands for its errors
    newest: QuerySet[PackageError] = PackageError.objects.filter(code=code)[:1]
    LogEntry.objects.log_actions(staff(request).pk, newest, CHANGE, f"All of {code}: {message}")


def _causes(errors: ErrorQuerySet) -> list[dict[str, Any]]:
    named: dict[str, list[str]] = {}
    counted = errors.order_by().values_list("code", "resource_id").annotate(n=Count("pk")).order_by("-n")
    for code, resource, _ in counted[:500]:
        names = named.setdefault(code, [])
        if len(names) < NAMED:
            names.append(resource)
    return [{**cause, "named": named.get(cause["code"], [])} for cause in errors.by_cause()]
