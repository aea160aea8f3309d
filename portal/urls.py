"""Every address of the portal."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from packager import plugins
from packager.api import legacy
from packager.requester import unsubscribe
from packager.requester import views as requester
from packager.storage import views
from portal import health
from portal.metrics import metrics
from portal.views import home
from pusher import urls as pusher
from stats import api as statistics
from stats.api_v1 import RecordsView, StatisticsView

handler500 = "portal.views.server_error"
urlpatterns = [
    path("", home),
    path("favicon.ico", RedirectView.as_view(url=f"{settings.STATIC_URL}portal.svg")),
    path("status", legacy.StatusView.as_view()),
    path("statistics", statistics.TotalsView.as_view()),
    path("statistics/<str:kind>", statistics.RecordsView.as_view()),
    path("clear_caches", legacy.ClearCachesView.as_view()),
    path("package_datastore", legacy.PackageDatastoreView.as_view()),
    path("package_dwc_archive", legacy.PackageDwcArchiveView.as_view()),
    path("package_url", legacy.PackageUrlView.as_view()),
    path("requests/<str:token>/", requester.status_page, name="status-page"),
    path("requests/<str:token>/state", requester.state, name="state"),
    path("requests/<str:token>/cancel", requester.cancel, name="cancel"),
    path("requests/<str:token>/again", requester.again, name="again"),
    path("requests/<str:token>/order", requester.order, name="order"),
    path("mails/<str:token>/", unsubscribe.unsubscribe, name="unsubscribe"),
    path("mails/<str:token>/allow", unsubscribe.resubscribe, name="resubscribe"),
    path("download/<str:token>/<str:file_name>", views.download, name="download"),
    path("api/v1/statistics/", StatisticsView.as_view()),
    path("api/v1/statistics/records/", RecordsView.as_view()),
    path("api/v1/", include("packager.api.v1.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", metrics),
    *(pusher.of_the_portal if settings.PUSHER_ENABLED else []),
    path("plugins/", include([pattern for patterns in plugins.ask("url_patterns") for pattern in patterns])),
]
