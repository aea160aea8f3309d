"""The public page, at the same address at which the ckanpackager contract answers a POST."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from packager.api.legacy import StatusView

_status = StatusView.as_view()


@csrf_exempt
def home(request: HttpRequest) -> HttpResponseBase:
    """A short page for a browser; everything else is ``/status``."""
    if request.method in ("GET", "HEAD"):
        return render(request, "home.html")
    return _status(request)
