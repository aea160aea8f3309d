"""Every page and mail that a requester sees, light, dark and on a phone: accessible, and no wider than the window."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.core import mail

from demo.ckan import DemoCkan
from packager.delivery import unsubscribe
from packager.security.encryption import address_marks
from tests.browser.conftest import DESKTOP, PHONE, accessible
from tests.browser.requests_in_every_state import STATES, expired, failed, succeeded

pytestmark = pytest.mark.browser
#: Light, dark, and on a phone.
EYES = (("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE))


@pytest.fixture(scope="module")
def ckan():
    """A CKAN."""
    with DemoCkan(rows=500) as ckan:
        yield ckan


def _look(page):
    for scheme, size in EYES:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(size)
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (page.url, size)


@pytest.mark.parametrize("state", STATES)
def test_the_status_page(state, site, ckan, open_page):
    _look(open_page(f"/requests/{STATES[state](ckan).token}/"))


@pytest.mark.parametrize("path", ["/", "/requests/nonsense/"])
def test_pages_without_a_request(path, open_page):
    _look(open_page(path))


def test_the_page_of_an_expired_download(site, ckan, open_page):
    request = expired(ckan)
    _look(open_page(f"/download/{request.token}/{request.package.file_name}"))


@pytest.mark.parametrize("unsubscribed", [False, True])
def test_the_page_to_unsubscribe(unsubscribed, site, open_page):
    if unsubscribed:
        unsubscribe.unsubscribe(address_marks("ada@example.org")[0])
    _look(open_page(urlsplit(unsubscribe.unsubscribe_url("ada@example.org")).path))


@pytest.mark.parametrize("state", [succeeded, failed])
def test_the_mail(state, site, ckan, chromium):
    state(ckan)
    ((content, _),) = mail.outbox[0].alternatives
    page = chromium.new_page()
    page.set_content(content)
    _look(page)
    page.close()


def test_the_page_in_german(site, ckan, chromium):
    page = chromium.new_page(locale="de-DE", base_url=site)
    page.goto(f"/requests/{succeeded(ckan).token}/")
    assert page.locator("html").get_attribute("lang") == "de"
    accessible(page)
    page.close()
