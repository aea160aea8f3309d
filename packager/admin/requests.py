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
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from packager import turns
from packager.admin import display
from packager.admin.actions import ACTIONS, Action
from packager.admin.base import OPERATE, SEE_ADDRESSES, SEE_TRACEBACKS, StaffAdmin, log, staff
from packager.admin.confirmation import ask
from packager.admin.filters import FormatFilter, HasErrors, HostFilter, ResourceFilter
from packager.errors import RequestError
from packager.lifecycle import bulk
from packager.lifecycle.personal_data import masked
from packager.models import UNDER_WAY, PackageError, PackageRequest, Status
from packager.presentation.query_summary import query_summary
from packager.presentation.status import why_waiting
from packager.presentation.translation import READER, notes_of

REQUESTED = display.moment("created_at", "Requested")


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
    list_display_links = ("resource",)
    search_fields = ("resource_id",)
    change_list_template = "admin/packager/packagerequest/list.html"

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        """Addresses are shown to those who may see them."""
        address = "email" if request.user.has_perm(SEE_ADDRESSES) else "masked_email"
        return ("state", "resource", "format", "progress", REQUESTED, address)

    state = display.column("State", lambda obj: display.badge(obj.status), "status")
    resource = display.column("Resource", lambda obj: display.named(obj, obj.resource_id), "resource_title")
    progress = display.column(
        "Progress",
        lambda obj: f"waits: {obj.waits}" if obj.status == Status.QUEUED else display.progress(obj),
    )
    masked_email = display.column("Email", lambda obj: masked(obj.email))

    # ------------------------------------------------------------ searching

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[PackageRequest], search_term: str
    ) -> tuple[QuerySet[PackageRequest], bool]:
        """By what the term looks like: an id, a reference, an address (for those who may), else part of a title."""
        term = search_term.strip()
        return (queryset.filter(_meaning(term, request)) if term else queryset), False

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """The list, with what it can be searched for, and why those wait that do."""
        found = super().get_changelist_instance(request)
        address = ", email address" if request.user.has_perm(SEE_ADDRESSES) else ""
        places = turns.places(found.result_list)
        for row in found.result_list:
            row.waits = why_waiting(row, places.get(row.pk))
        found.search_help_text = f"Title or id of the resource{address}, reference of a failure, or id of the request"
        return found

    # -------------------------------------------------------------- actions

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """What this person may do."""
        allowed = [action for action in ACTIONS.values() if request.user.has_perm(action.permission)]
        return {action.name: (partial(_do_many, action=action), action.name, action.label) for action in allowed}

    def get_urls(self) -> list[URLPattern]:
        """The addresses of the buttons on a request's page come before the page itself."""
        own = self.admin_site.admin_view
        ours = [
            path("<uuid:pk>/do/<str:name>/", own(self.do_one), name="packager_packagerequest_do"),
            path("<uuid:pk>/now/", own(self.now), name="packager_packagerequest_now"),
        ]
        return [*ours, *super().get_urls()]

    def now(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The part of a request's page that changes, for the script that renews it."""
        obj = self.get_object(request, str(pk))
        if not self.has_view_permission(request, obj):
            raise PermissionDenied
        if obj is None:
            raise Http404
        return render(request, "admin/packager/packagerequest/now.html", _standing(obj))

    def do_one(self, request: HttpRequest, pk: UUID, name: str) -> HttpResponse:
        """A button on the page of a request was pressed."""
        action, chosen = ACTIONS.get(name), PackageRequest.objects.filter(pk=pk)
        if action is None or request.method != "POST" or not chosen.exists():
            raise Http404
        if not request.user.has_perm(action.permission):
            raise PermissionDenied
        actor, page = staff(request).get_username(), self._page_of(request, pk)
        if action.asks:
            question = partial(action.question, chosen, actor)
            if answer := ask(request, question, back=page, parent=(page, str(chosen.get()))):
                return answer
        try:
            result = action.one(pk, actor)
        except RequestError as error:
            messages.error(request, error.message)
            return HttpResponseRedirect(page)
        log(request, PackageRequest.objects.all(), [pk], action.label)
        messages.success(request, action.told)
        return HttpResponseRedirect(self._page_of(request, result.pk))

    def _page_of(self, request: HttpRequest, pk: UUID) -> str:
        """The address of a request's page, which remembers the filters of the list that somebody came from."""
        page, filters = reverse("admin:packager_packagerequest_change", args=[pk]), self.get_preserved_filters(request)
        return f"{page}?{filters}" if filters else page

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
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "preserved_filters": self.get_preserved_filters(request),
            **_page(request, obj),
        }
        return TemplateResponse(request, "admin/packager/packagerequest/page.html", context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PackageRequest]:
        """With what the page of one shows besides."""
        rows = super().get_queryset(request)
        one = request.resolver_match and request.resolver_match.url_name == "packager_packagerequest_change"
        return rows.select_related("package", "leader") if one else rows


def _meaning(term: str, request: HttpRequest) -> Q:
    try:
        return Q(pk=UUID(term)) | Q(resource_id=term)
    except ValueError:
        pass
    if term.upper().startswith("PP-"):
        failed = PackageError.objects.filter(reference=term.upper()).values("request")
        return Q(error_reference=term.upper()) | Q(pk__in=failed)
    if "@" in term:
        known = Q(email__in={term, term.lower()}) | Q(email__iexact=term)
        return known if request.user.has_perm(SEE_ADDRESSES) else Q(pk=None)
    return Q(resource_title__icontains=term) | Q(dataset_title__icontains=term) | Q(resource_id__icontains=term)


def _do_many(model_admin: RequestAdmin, request: HttpRequest, chosen: Any, *, action: Action) -> HttpResponse | None:
    actor, here = staff(request).get_username(), request.get_full_path()
    if answer := ask(request, partial(action.question, chosen, actor), back=here, parent=(here, "Requests")):
        return answer
    tally = bulk.many(action.operation(actor), chosen)
    log(request, PackageRequest.objects.all(), tally.done, action.label)
    skipped = f", {tally.left:,} skipped" if tally.left else ""
    messages.success(request, f"{len(tally.done):,} {action.done}{skipped}.")
    return None


def _standing(obj: PackageRequest) -> dict[str, Any]:
    """What changes from one second to the next."""
    return {
        "original": obj,
        "badge": display.badge(obj.status),
        "progress": display.progress(obj),
        "waits": why_waiting(obj, turns.place(obj)) if obj.status == Status.QUEUED else "",
        "followers": obj.followers.count(),
        # when this is another one, so is the rest of the page
        "version": " ".join([obj.status, str(obj.attempt), *obj.deliveries.values_list("state", flat=True)[:50]]),
        "seconds": 3 if obj.status in UNDER_WAY else 15,
    }


def _page(request: HttpRequest, obj: PackageRequest) -> dict[str, Any]:
    sees = request.user.has_perm(SEE_ADDRESSES)
    return {
        **_standing(obj),
        "title": f"{obj.resource_label} ({obj.format or obj.kind})",
        "query": query_summary(obj),
        "notes": [READER.text(note) for note in notes_of(obj.package)] if obj.package else [],
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
        "actions": [action for action in ACTIONS.values() if action.offered(obj, staff(request))],
    }
