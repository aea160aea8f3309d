"""The page behind the requester's link, and what can be done there."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from packager.errors import Conflict
from packager.lifecycle import requests, standing_orders
from packager.models import PackageRequest, StandingOrder, Status
from packager.presentation.query_summary import query_summary
from packager.presentation.status import status_of
from packager.security.capability_links import button, private

#: A package that was built once may be built again.
LASTING = (Status.SUCCEEDED, Status.EXPIRED)


def _find(token: str) -> PackageRequest:
    return get_object_or_404(PackageRequest.objects.select_related("package", "leader"), token=token)


def _context(token: str) -> dict[str, Any]:
    found = _find(token)
    return {"package_request": found, "package": found.package, "name": found.resource_name, "status": status_of(found)}


@require_safe
def status_page(request: HttpRequest, token: str) -> HttpResponse:
    """How far a request is, and its package when it is there."""
    context = _context(token)
    found = context["package_request"]
    context["query"], context["order"] = query_summary(found), standing_orders.of(found)
    context["can_order"] = found.status in LASTING and not standing_orders.refusal(found)
    context["choices"] = StandingOrder.Every.choices
    return private(render(request, "requester/status.html", context))


@require_safe
def state(request: HttpRequest, token: str) -> HttpResponseBase:
    """The part of the page that changes, as HTML; 304 if it is what the ETag says."""
    response = private(render(request, "requester/state.html", _context(token)))
    etag = quote_etag(hashlib.sha256(response.content).hexdigest()[:32])
    response["ETag"] = etag
    return get_conditional_response(request, etag=etag, response=response) or response


@button
def cancel(request: HttpRequest, token: str) -> HttpResponse:
    """Cancel it, if it is still under way; the page tells how it stands."""
    with suppress(Conflict):
        requests.cancel(_find(token).pk)
    return private(redirect("status-page", token=token))


@button
def again(request: HttpRequest, token: str) -> HttpResponse:
    """Queue it again, if that can help; the page tells how it stands."""
    found = _find(token)
    if status_of(found).can_be_recreated:
        with suppress(Conflict):
            requests.retry(found.pk)
    return private(redirect("status-page", token=token))


@button
def order(request: HttpRequest, token: str) -> HttpResponse:
    """Place, change or end the standing order; the page tells how it stands."""
    found, every = _find(token), request.POST.get("every", "")
    placed = standing_orders.of(found)
    if every in StandingOrder.Every.values and found.status in LASTING:
        with suppress(Conflict):
            standing_orders.place(found, every)
    elif not every and placed:
        standing_orders.end(placed, "Ended by the requester.")
    return private(redirect("status-page", token=token))
