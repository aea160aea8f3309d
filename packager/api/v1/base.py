"""What every view of the API has in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.urls import resolve
from rest_framework import exceptions
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from packager.api.bodies import LARGEST_BODY, announced, body_too_large
from packager.api.v1 import problems
from packager.api.v1.authentication import AddressThrottle, HasScope, KeyAuthentication, KeyThrottle
from packager.errors import NotFound
from packager.security.api_keys import ApiKey


class AlwaysJson(BaseContentNegotiation):
    """There is one renderer, and it answers whatever ``Accept`` says."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The parser for the body's type, if there is one."""
        kind = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == kind), None)

    def select_renderer(self, request: Request, renderers: Any, *_: Any, **__: Any) -> Any:
        """The first one."""
        return renderers[0], renderers[0].media_type


class OpenView(APIView):
    """Anybody may call it, so often."""

    authentication_classes: Any = ()
    permission_classes: Any = ()
    throttle_classes: Any = ()
    content_negotiation_class = AlwaysJson
    largest_body: ClassVar[int] = LARGEST_BODY

    def get_exception_handler(self) -> Any:
        """Problem details."""
        return problems.answer

    def perform_authentication(self, request: Request) -> None:
        """Count the call before anything is looked up, so that wrong keys count, too."""
        throttle = AddressThrottle()
        if not throttle.allow_request(request, self):
            raise exceptions.Throttled(throttle.wait())
        if announced(request) > self.largest_body:
            raise body_too_large(self.largest_body)
        super().perform_authentication(request)


class KeyView(OpenView):
    """Wants a key. ``scopes`` says which scope each method needs."""

    authentication_classes = (KeyAuthentication,)
    permission_classes = (HasScope,)
    throttle_classes = (KeyThrottle,)
    scopes: ClassVar[Mapping[str, str]] = {}

    @property
    def api_key(self) -> ApiKey:
        """The caller's."""
        key: Any = self.request.auth
        assert isinstance(key, ApiKey)  # HasScope let nobody else in
        return key


class NowhereView(OpenView):
    """An address under ``/api/v1/`` that is none."""

    schema = None

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """On to the address with a slash at its end, if that is one. 308 (RFC 9110, 15.4.9) keeps method and body."""
        path = request.path
        if not path.endswith("/") and getattr(resolve(f"{path}/").func, "cls", None) is not NowhereView:
            return HttpResponsePermanentRedirect(request.get_full_path(force_append_slash=True), preserve_request=True)
        return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raises NotFound."""
        raise NotFound("There is nothing at this address")
