"""The page on which an address is unsubscribed from mails, and subscribed again."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from packager.delivery import unsubscribe as subscriptions
from packager.security.capability_links import button, private


def _mark(token: str) -> str:
    mark = subscriptions.mark_of(token)
    if mark is None:
        raise Http404("This link is not one of ours.")
    return mark


@csrf_exempt  # mail programs post here of themselves (RFC 8058), without a cookie; the signed link is what permits it
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET: whether mails are sent, and a button. POST: unsubscribe."""
    mark = _mark(token)
    if request.method == "POST":
        subscriptions.unsubscribe(mark)
    context = {"unsubscribed": subscriptions.is_unsubscribed(mark), "token": token}
    return private(render(request, "requester/unsubscribe.html", context))


@button
def resubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Subscribe again."""
    subscriptions.resubscribe(_mark(token))
    return private(redirect("unsubscribe", token=token))
