"""The addresses: all of them under ``/pusher/`` (or at the root of a host of their own), jobs at the root as well.

CKAN joins ``job`` to what is configured, so that an address without its slash at the end asks at the root.
"""

from __future__ import annotations

from django.urls import include, path

from pusher import views

jobs = [
    path("job", views.jobs),
    path("job/", views.jobs),
    path("job/<str:job_id>", views.job),
    path("job/<str:job_id>/", views.job),
    path("job/<str:job_id>/data", views.data),
    path("job/<str:job_id>/data/", views.data),
]
urlpatterns = [
    path("", views.home),
    path("status", views.status),
    path("status/", views.status),
    *jobs,
]
#: In the portal, where the root is another's.
of_the_portal = [path("pusher", views.home), path("pusher/", include("pusher.urls")), *jobs]
