"""What the tests of the contract share: the fixtures of the packager, and a web server that is no CKAN."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.packager.conftest import _ckan, built, ckan, made, members, portal, post, submission  # noqa: F401


@pytest.fixture
def site(httpserver: Any) -> Iterator[Any]:
    """A web server that is no CKAN; ``url`` gives addresses on it."""
    httpserver.url = lambda path: f"http://127.0.0.1:{httpserver.port}{path}"
    yield httpserver
    httpserver.clear()
