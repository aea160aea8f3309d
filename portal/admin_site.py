"""The admin site: Django's own, with our dashboard on its first page and the statistics beside the tables."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import path
from django.urls.resolvers import URLPattern, URLResolver

from portal import ckan_links, dashboard
from stats import pages

#: Whoever may look at requests may look at the dashboard.
SEES = "packager.view_packagerequest"


class StaffSite(AdminSite):
    """Where staff live."""

    site_header = site_title = "Packaging Portal"
    index_title = "Dashboard"
    index_template = "admin/dashboard.html"

    def get_urls(self) -> list[URLResolver | URLPattern]:
        """Our pages come before the admin's own, which would catch their addresses."""
        ours: list[URLResolver | URLPattern] = [
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
