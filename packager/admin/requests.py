"""The list of requests, and the page of one."""

from __future__ import annotations

import json
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from packager.admin import display
from packager.admin.actions import DEEDS, Deed
from packager.admin.base import OPERATE, SEE_ADDRESSES, SEE_TRACEBACKS, StaffAdmin, log, staff
from packager.admin.filters import FormatFilter, HasErrors, HostFilter, ResourceFilter
from packager.errors import RequestError
from packager.lifecycle.personal_data import masked
from packager.models import PackageError, PackageRequest, Status
from packager.presentation.query_summary import query_summary
from packager.presentation.translation import READER, notes_of


@admin.register(PackageRequest)
class RequestAdmin(StaffAdmin):
    """What was asked for."""

    list_filter = (
        "status",
        HasErrors,
        "queue",
        FormatFilter,
        "created_at",
        HostFilter,
        ResourceFilter,
        "kind",
    )
    list_display_links = ("resource_id",)
    search_fields = ("resource_id",)
    change_list_template = "admin/packager/packagerequest/list.html"

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Addresses are shown to those who may see them."""
        address = "email" if request.user.has_perm(SEE_ADDRESSES) else "masked_email"
        return ("state", "resource_id", "format", "progress", "asked", address)

    @admin.display(description="State", ordering="status")
    def state(self, obj: PackageRequest) -> SafeString:
        """A badge."""
        return display.badge(obj.status)

    @admin.display(description="Progress")
    def progress(self, obj: PackageRequest) -> SafeString | str:
        """A bar, or a number."""
        return display.progress(obj)

    @admin.display(description="Asked", ordering="created_at")
    def asked(self, obj: PackageRequest) -> str:
        """The time, short enough for a column."""
        return date_format(localtime(obj.created_at), "Y-m-d H:i")

    @admin.display(description="Email")
    def masked_email(self, obj: PackageRequest) -> str:
        """The domain only."""
        return masked(obj.email)

    # ------------------------------------------------------------ searching

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[PackageRequest], search_term: str
    ) -> tuple[QuerySet[PackageRequest], bool]:
        """By what the term looks like: an id, a reference, an address (for those who may), else part of a resource."""
        term = search_term.strip()
        return (queryset.filter(_meaning(term, request)) if term else queryset), False

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """The list, with what it can be searched for."""
        found = super().get_changelist_instance(request)
        address = ", e-mail address" if request.user.has_perm(SEE_ADDRESSES) else ""
        found.search_help_text = f"Resource{address}, reference of a failure, or id of the request"
        return found

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list."""
        return super().changelist_view(request, {"title": "Requests", **(extra_context or {})})

    # -------------------------------------------------------------- actions

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """The deeds that this person may do."""
        allowed = [deed for deed in DEEDS.values() if request.user.has_perm(deed.permission)]
        return {deed.name: (partial(_do_many, deed=deed), deed.name, deed.label) for deed in allowed}

    def get_urls(self) -> list[URLPattern]:
        """The addresses of the buttons on a request's page come before the page itself."""
        view = self.admin_site.admin_view(self.do_one)
        return [path("<uuid:pk>/do/<str:deed>/", view, name="packager_packagerequest_do"), *super().get_urls()]

    def do_one(self, request: HttpRequest, pk: UUID, deed: str) -> HttpResponse:
        """A button on the page of a request was pressed."""
        wanted = DEEDS.get(deed)
        if wanted is None or request.method != "POST":
            raise Http404
        if not request.user.has_perm(wanted.permission):
            raise PermissionDenied
        if wanted.warning and "confirmed" not in request.POST:
            return self.ask_first(request, wanted, PackageRequest.objects.filter(pk=pk), {})
        return self._done(request, wanted, pk)

    def _done(self, request: HttpRequest, deed: Deed, pk: UUID) -> HttpResponse:
        try:
            result = deed.one(pk, staff(request).get_username())
        except PackageRequest.DoesNotExist:
            raise Http404 from None
        except RequestError as error:
            messages.error(request, error.message)
        else:
            log(request, PackageRequest.objects.all(), [pk], deed.label)
            messages.success(request, f"Done: {deed.done}.")
            pk = result.pk if isinstance(result, PackageRequest) else pk
        return HttpResponseRedirect(reverse("admin:packager_packagerequest_change", args=[pk]))

    def ask_first(
        self, request: HttpRequest, deed: Deed, chosen: QuerySet[PackageRequest], hidden: dict[str, list[str]]
    ) -> HttpResponse:
        """The page that asks whether staff mean it."""
        context = {
            **self.admin_site.each_context(request),
            "title": f"{deed.label}?",
            "opts": self.opts,
            "deed": deed,
            "count": chosen.count(),
            "hidden": hidden,
        }
        return TemplateResponse(request, "admin/packager/packagerequest/sure.html", context)

    # ------------------------------------------------------ the page of one

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Everything about one request."""
        obj = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, obj):
            raise PermissionDenied
        if obj is None:
            raise Http404
        context = {**self.admin_site.each_context(request), "opts": self.opts, **_page(request, obj)}
        return TemplateResponse(request, "admin/packager/packagerequest/page.html", context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PackageRequest]:
        """With what the page of one shows besides."""
        rows = super().get_queryset(request)
        one = request.resolver_match and request.resolver_match.url_name == "packager_packagerequest_change"
        return rows.select_related("package", "leader") if one else rows


def _meaning(term: str, request: HttpRequest) -> Q:
    try:
        return Q(pk=UUID(term))
    except ValueError:
        pass
    if term.upper().startswith("PP-"):
        failed = PackageError.objects.filter(reference=term.upper()).values("request")
        return Q(error_reference=term.upper()) | Q(pk__in=failed)
    if "@" in term:
        known = Q(email__in={term, term.lower()}) | Q(email__iexact=term)
        return known if request.user.has_perm(SEE_ADDRESSES) else Q(pk=None)
    return Q(resource_id__icontains=term)


def _do_many(model_admin: RequestAdmin, request: HttpRequest, chosen: Any, *, deed: Deed) -> HttpResponse | None:
    if deed.warning and "confirmed" not in request.POST:
        names = ("action", "select_across", "_selected_action")
        return model_admin.ask_first(request, deed, chosen, {name: request.POST.getlist(name) for name in names})
    tally = deed.many(chosen, staff(request).get_username())
    log(request, PackageRequest.objects.all(), tally.done, deed.label)
    left = f" {tally.left} left as they were." if tally.left else ""
    messages.success(request, f"{len(tally.done)} {deed.done}.{left}")
    return None


def _page(request: HttpRequest, obj: PackageRequest) -> dict[str, Any]:
    sees = request.user.has_perm(SEE_ADDRESSES)
    waiting = obj.status == Status.QUEUED and obj.leader is None
    return {
        "title": f"{obj.resource_id} ({obj.format or obj.kind})",
        "original": obj,
        "badge": display.badge(obj.status),
        "query": query_summary(obj),
        "notes": [READER.text(note) for note in notes_of(obj.package)] if obj.package else [],
        "progress": display.progress(obj),
        "parameters": json.dumps({"resource_id": obj.resource_id, **obj.parameters}, indent=2, ensure_ascii=False),
        "options": json.dumps(obj.options, indent=2, ensure_ascii=False) if obj.options else "",
        "address": obj.email if sees else masked(obj.email),
        "webhook": obj.webhook_url if sees else masked(obj.webhook_url),
        "history": obj.history.all()[:200],
        "errors": obj.errors.all()[:50],
        "deliveries": [(sent, sent.address if sees else masked(sent.address)) for sent in obj.deliveries.all()[:50]],
        # who has the requester's link can cancel and download
        "may_operate": request.user.has_perm(OPERATE),
        "sees_tracebacks": request.user.has_perm(SEE_TRACEBACKS),
        "ahead": PackageRequest.objects.ahead_of(obj).count() if waiting else None,
        "followers": obj.followers.count(),
        "deeds": [d for d in DEEDS.values() if obj.status in d.states and request.user.has_perm(d.permission)],
    }
