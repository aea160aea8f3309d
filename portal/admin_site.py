"""The admin site: Django's own, with our dashboard on its first page and the statistics beside the tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.urls.resolvers import URLPattern, URLResolver
from django.utils import translation

from portal import ckan_links, dashboard, erasure_page
from portal.admin_lookups import guarded
from stats import pages

#: Whoever may look at requests may look at the dashboard.
SEES = "packager.view_packagerequest"
#: Applications at the top of the lists of tables.
FIRST = ("packager", "stats")


def english_admin(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: the admin speaks English, whatever the browser asks for. Half of it would be in another language."""
    admin_root = reverse("admin:index")

    def answer(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(admin_root):
            return get_response(request)
        with translation.override("en"):
            request.LANGUAGE_CODE = "en"
            response = get_response(request)
        response["Content-Language"] = "en"
        return response

    return answer


class StaffSite(AdminSite):
    """Where staff live."""

    site_header = site_title = "Packaging Portal"
    index_title = "Dashboard"
    index_template = "admin/dashboard.html"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """As Django does; no table, whoever brought it, can be filtered by what its list does not declare."""
        super().register(model_or_iterable, guarded(admin_class or ModelAdmin), **options)

    def get_urls(self) -> list[URLResolver | URLPattern]:
        """Our pages come before the admin's own, which would catch their addresses."""
        ours: list[URLResolver | URLPattern] = [
            path("erase/", self.admin_view(self._with_context(erasure_page.page)), name="erase-person"),
            path("now/", self.admin_view(self.now), name="dashboard-now"),
            path("ckan/<path:resource_id>/", self.admin_view(self.in_ckan), name="ckan-resource"),
        ]
        for route, view, name in pages.ROUTES:
            ours.append(path(f"statistics/{route}", self.admin_view(self._with_context(view)), name=name))
        return [*ours, *super().get_urls()]

    def _with_context(self, view: Any) -> Any:
        def page(request: HttpRequest, **arguments: Any) -> HttpResponse:
            return view(request, self.each_context(request), **arguments)

        return page

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """What staff work with every day comes first."""
        found = super().get_app_list(request, app_label)
        return sorted(found, key=lambda app: FIRST.index(app["app_label"]) if app["app_label"] in FIRST else len(FIRST))

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The dashboard, and the list of tables below it."""
        context = {**dashboard.now(), **dashboard.lately()} if request.user.has_perm(SEES) else {}
        return super().index(request, {**context, **(extra_context or {})})

    def now(self, request: HttpRequest) -> HttpResponse:
        """The part of the dashboard that changes, for the script that renews it."""
        if not request.user.has_perm(SEES):
            return HttpResponse(status=403)
        return render(request, "admin/dashboard_now.html", dashboard.now())

    def in_ckan(self, request: HttpRequest, resource_id: str) -> HttpResponse:
        """On to the resource's page in CKAN."""
        if not request.user.has_perm(SEES):
            return HttpResponse(status=403)
        address = ckan_links.page_of(resource_id)
        if not address:
            raise Http404
        return HttpResponseRedirect(address)
