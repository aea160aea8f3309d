"""A CKAN to push into."""

import pytest

from tests.pusher.fake_ckan import FakeCkan


@pytest.fixture
def ckan(httpserver):
    return FakeCkan(httpserver)
