"""Answers behind a link that is itself the permission: whoever has it may see what it leads to, and press its buttons.

Short, because pages and downloads, which share it, must not know each other.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

R = TypeVar("R", bound=HttpResponseBase)


def private(response: R) -> R:
    """``response``, kept by nobody, found by no search engine, and its address told to nobody whom it leads to."""
    patch_cache_control(response, private=True, no_store=True)
    return unlinked(response)


def unlinked(response: R) -> R:
    """The same for a file, which the requester's own machine may keep."""
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response


def button(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A view for the buttons of such a page: POST only, and not from the page of another site.

    A cookie and its token would prove nothing that the link does not prove, and Django takes none from a page that
    tells nobody its address: with ``Referrer-Policy: no-referrer`` a browser posts ``Origin: null``.
    """

    @csrf_exempt
    @require_POST
    @wraps(view)
    def pressed(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
        if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
            raise PermissionDenied
        return view(request, **arguments)

    return pressed
