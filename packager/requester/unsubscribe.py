"""The page that stops mails to an address, and allows them again."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from packager.delivery import unsubscribe
from packager.security.capability_links import private


def _mark(token: str) -> str:
    mark = unsubscribe.mark_of(token)
    if mark is None:
        raise Http404("This link is not one of ours.")
    return mark


@csrf_exempt  # mail programs post here of themselves (RFC 8058), without a cookie; the signed link is what permits it
@require_http_methods(["GET", "HEAD", "POST"])
def mails(request: HttpRequest, token: str) -> HttpResponse:
    """GET: whether mails are sent, and a button. POST: stop them."""
    mark = _mark(token)
    if request.method == "POST":
        unsubscribe.stop(mark)
    context = {"stopped": unsubscribe.is_marked(mark), "token": token}
    return private(render(request, "requester/mails.html", context))


@require_POST
def allow(request: HttpRequest, token: str) -> HttpResponse:
    """Allow mails again."""
    unsubscribe.allow(_mark(token))
    return redirect("mails", token=token)
