"""Every address of the portal."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from packager import views
from packager.api import legacy
from portal import health, plugins
from portal.views import home

urlpatterns = [
    path("", home),
    path("status", legacy.StatusView.as_view()),
    path("", include("stats.urls")),
    path("clear_caches", legacy.ClearCachesView.as_view()),
    path("package_datastore", legacy.PackageDatastoreView.as_view()),
    path("package_dwc_archive", legacy.PackageDwcArchiveView.as_view()),
    path("package_url", legacy.PackageUrlView.as_view()),
    path("requests/<str:token>/", views.status_page, name="status-page"),
    path("download/<str:token>/<str:file_name>", views.download, name="download"),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("plugins/", include([pattern for patterns in plugins.ask("url_patterns") for pattern in patterns])),
]
