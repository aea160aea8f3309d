"""The portal's own pages: the public one, and the one for a fault.

Each fault of a page gets a reference: the one who sees the page can quote it, and staff find it in the log.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import sentry_sdk
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseServerError
from django.shortcuts import render
from django.template import loader
from django.views.decorators.csrf import csrf_exempt

from packager.api.legacy import StatusView
from packager.api.v1.problems import AWAY_FOR
from packager.lifecycle.patience import AWAY
from packager.models import new_reference

log = logging.getLogger(__name__)
_status = StatusView.as_view()


@csrf_exempt
def home(request: HttpRequest) -> HttpResponseBase:
    """A short page for a browser; everything else is ``/status``, at the address where the contract has it."""
    if request.method in ("GET", "HEAD"):
        return render(request, "home.html")
    return _status(request)


def refer(sender: Any, request: HttpRequest | None = None, **_: Any) -> None:
    """Hears of faults, before anybody else does."""
    if request is not None:
        reference = new_reference()
        request.fault_reference = reference  # type: ignore[attr-defined]
        sentry_sdk.set_tag("reference", reference)
        log.warning("the fault at %s has the reference %s", request.path, reference)


def server_error(request: HttpRequest) -> HttpResponse:
    """The page that says so: Django's ``handler500``. 503 while the database is locked or away."""
    context = {"reference": getattr(request, "fault_reference", "")}
    page = HttpResponseServerError(loader.get_template("500.html").render(context))
    if isinstance(sys.exc_info()[1], AWAY):
        page.status_code = 503
        page["Retry-After"] = str(AWAY_FOR)
    return page
