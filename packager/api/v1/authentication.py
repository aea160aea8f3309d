"""``Authorization: Bearer <key>``, scopes, and how many calls a key and an address may make."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from packager.errors import Forbidden, NotAuthorized
from packager.security import api_keys, throttles
from packager.security.api_keys import ApiKey


class KeyAuthentication(BaseAuthentication):
    """Knows callers by their key. Only this header is looked at: keys in addresses would end up in logs."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey] | None:
        """Nobody (an API key is no user) and the key; None if no key came. Raises NotAuthorized for a wrong one."""
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        api_key = api_keys.authenticate(text.strip())
        if api_key is None:
            raise NotAuthorized("The API key is wrong or revoked")
        return AnonymousUser(), api_key

    def authenticate_header(self, request: Request) -> str:
        """The scheme, for 401 answers."""
        return "Bearer"


class KeyScheme(OpenApiAuthenticationExtension):
    """How the schema describes it."""

    target_class = KeyAuthentication
    name = "apiKey"

    def get_security_definition(self, *_: Any, **__: Any) -> dict[str, str]:
        """HTTP bearer (RFC 6750)."""
        return {"type": "http", "scheme": "bearer", "description": "An API key, created by the portal's staff."}


class HasScope(BasePermission):
    """A key, with the scope that the view names for the method."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """True. Raises NotAuthorized without a key, Forbidden without the scope."""
        if request.auth is None:
            raise NotAuthorized("An API key is required: Authorization: Bearer <key>")
        scope = view.scopes.get(request.method)
        key: Any = request.auth
        if scope and not key.allows(scope):
            raise Forbidden(f"The API key does not have the scope {scope}")
        return True


class _Throttle(BaseThrottle):
    #: The setting that holds the rate; empty for no limit.
    setting: ClassVar[str]
    #: Who is counted; empty for nobody.
    name: ClassVar[staticmethod[[Request], str]]

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether there is room for the call, which counts it."""
        name = self.name(request)
        self._wait = throttles.take(name, getattr(settings, self.setting)) if name else 0.0
        return not self._wait

    def wait(self) -> float:
        """Seconds until there is."""
        return self._wait


class KeyThrottle(_Throttle):
    """Calls of one key; without a key nothing is counted."""

    setting = "PACKAGER_THROTTLE_KEY"
    name = staticmethod(lambda request: f"key:{request.auth.pk}" if request.auth else "")


class AddressThrottle(_Throttle):
    """Calls from one address, good and bad keys alike."""

    setting = "PACKAGER_THROTTLE_ADDRESS"
    name = staticmethod(lambda request: f"address:{request.META.get('REMOTE_ADDR', '')}")
