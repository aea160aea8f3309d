"""The addresses of the API. ``/api/v1/statistics/`` comes from ``stats``; ``portal/urls.py`` adds it.

A module of its own, since Django includes addresses by module.
"""

from __future__ import annotations

from django.urls import path, re_path

from packager.api.v1 import changes, requests, schema, standing_orders, views
from packager.api.v1.base import NowhereView

app_name = "v1"
urlpatterns = [
    path("", views.RootView.as_view(), name="root"),
    path("requests/", requests.RequestsView.as_view(), name="requests"),
    path("requests/<str:request_id>/", requests.RequestDetailView.as_view(), name="request"),
    path("requests/<str:request_id>/cancel/", requests.CancelView.as_view(), name="cancel"),
    path("requests/<str:request_id>/retry/", requests.RetryView.as_view(), name="retry"),
    path("requests/<str:request_id>/package/", requests.PackageView.as_view(), name="package"),
    path("requests/<str:request_id>/standing-order/", standing_orders.StandingOrderView.as_view()),
    path("changes/", changes.ChangesView.as_view(), name="changes"),
    path("estimate/", views.EstimateView.as_view(), name="estimate"),
    path("errors/", views.ErrorsView.as_view(), name="errors"),
    path("problems/", views.ProblemsView.as_view(), name="problems"),
    path("schema/", schema.SchemaView.as_view(), name="schema"),
    path("docs/", schema.DocsView.as_view(), name="docs"),
    re_path(r"", NowhereView.as_view()),
]
