"""The page that explains the API, and the pages of its keys: nothing from elsewhere, nothing against the policy."""

from __future__ import annotations

import pytest

from packager.security import api_keys
from packager.security.api_keys import ApiKey
from tests.browser.conftest import accessible

pytestmark = pytest.mark.browser


def test_the_page_of_the_api_lists_its_calls_and_tries_one(open_page):
    page = open_page("/api/v1/docs/")
    page.get_by_text("Request a package").wait_for()
    page.get_by_text("Get name, version and capabilities").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    page.get_by_text('"Packaging Portal"').first.wait_for()


def test_a_key_is_made_and_shown_once(open_page, staff):
    page = open_page("/admin/packager/apikey/add/", user=staff)
    page.get_by_label("Name").fill("Portal of the museum")
    page.get_by_role("button", name="Save", exact=True).click()
    key = page.locator("code").first.inner_text()
    accessible(page)
    assert api_keys.authenticate(key) == ApiKey.objects.get()
    page.get_by_role("link", name="Done").click()
    assert key not in page.content()
    accessible(page)
