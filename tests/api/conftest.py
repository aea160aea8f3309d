"""What the tests of the API share: keys, and clients that send them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from packager.security import api_keys
from packager.security.api_keys import Issued, Scope
from tests.packager.conftest import _ckan, built, ckan, portal, submission

__all__ = ["_ckan", "built", "ckan", "portal", "submission"]


@pytest.fixture(autouse=True)
def _no_limits(settings: Any) -> None:
    settings.PACKAGER_THROTTLE_KEY = settings.PACKAGER_THROTTLE_ADDRESS = ""
    cache.clear()


class Caller:
    """Calls the API with a key; bodies go as JSON."""

    def __init__(self, issued: Issued) -> None:
        self.issued = issued
        self.key = issued.api_key
        self._client = Client(headers={"Authorization": f"Bearer {issued.text}"}, raise_request_exception=False)

    def get(self, path: str, **headers: str) -> Any:
        """GET ``/api/v1/<path>``."""
        return self._client.get(f"/api/v1/{path}", headers={n.replace("_", "-"): v for n, v in headers.items()})

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """POST to ``/api/v1/<path>``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.post(f"/api/v1/{path}", body, content_type="application/json", headers=named)


@pytest.fixture
def caller(portal: Client) -> Callable[..., Caller]:
    """Makes callers, each with a new key that has the scopes given."""

    def make(*scopes: str) -> Caller:
        return Caller(api_keys.issue("a test", scopes or api_keys.USUAL_SCOPES))

    return make


@pytest.fixture
def api(caller: Callable[..., Caller]) -> Caller:
    """A caller with the usual scopes."""
    return caller()


@pytest.fixture
def staff(caller: Callable[..., Caller]) -> Caller:
    """A caller with every scope."""
    return caller(*Scope.values)


@pytest.fixture
def body(ckan: Any) -> dict[str, Any]:
    """A request for the stand-in's ``small`` table."""
    return {"api_url": ckan.api_url, "resource_id": ckan.resources["small"].id}
