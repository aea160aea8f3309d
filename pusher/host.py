"""A host name of its own (PUSHER_HOST), at whose root the service is.

Short, for every request passes this middleware, also where the rest of the room is off.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class PusherHost:
    """Middleware: requests to PUSHER_HOST see the addresses of the service only."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Choose the addresses."""
        if settings.PUSHER_HOST and request.get_host().lower() == settings.PUSHER_HOST.lower():
            request.urlconf = "pusher.urls"
        return self._get_response(request)
