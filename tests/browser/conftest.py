"""What the browser tests share: a live portal, Chromium, pages that notice what a strict portal must not do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, Page, Request, sync_playwright

from tests.services import absent

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
#: How a page can be looked at.
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": DESKTOP},
    "dark": {"color_scheme": "dark", "viewport": DESKTOP},
    "phone": {"color_scheme": "light", "viewport": PHONE, "has_touch": True, "is_mobile": True},
    "without JavaScript": {"color_scheme": "light", "viewport": DESKTOP, "java_script_enabled": False},
}
#: Collects what the policy forbade, on every page before its own scripts run.
LISTEN = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
    window.violations.push(event.violatedDirective + " " + event.blockedURI + " " + event.sourceFile));
"""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    if not CHROMIUM.exists():
        absent(f"{CHROMIUM} is not installed")
    # Playwright's synchronous interface keeps an event loop in this thread, which Django takes for a coroutine
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def site(live_server: Any, settings: Any, tmp_path: Path) -> str:
    """The address of a portal with an empty database and an empty store, which serves until the end of the test."""
    settings.PUBLIC_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    settings.PACKAGER_STORE_DIRECTORY = tmp_path / "packages"
    settings.PACKAGER_TEMP_DIRECTORY = tmp_path / "tmp"
    return live_server.url


class Watch:
    """What went wrong on a page."""

    def __init__(self, page: Page) -> None:
        self.page, self.complaints = page, []
        page.add_init_script(LISTEN)
        page.on("request", self._note_request)
        page.on("pageerror", lambda error: self.complaints.append(f"script error: {error}"))
        page.on("console", self._note_console)

    def _note_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1":
            self.complaints.append(f"left the machine: {request.url}")

    def _note_console(self, message: Any) -> None:
        # the browser tells of violations on any page it has been on, also of one that was left since
        if "Content Security Policy" in message.text:
            self.complaints.append(message.text)

    def violations(self) -> list[str]:
        """What the policy forbade on the page that is open."""
        return self.page.evaluate("window.violations || []")


@pytest.fixture
def open_page(chromium: Browser, site: str) -> Iterator[Callable[..., Page]]:
    """Opens a page on the portal: ``open_page("/path/", look="dark", user=somebody)``.

    At the end of the test, nothing may have been fetched from elsewhere, forbidden by the policy, or raised by scripts.
    """
    watches: list[Watch] = []

    def open_one(path: str = "", look: str = "light", user: User | None = None) -> Page:
        context = chromium.new_context(base_url=site, reduced_motion="reduce", accept_downloads=True, **LOOKS[look])
        if user is not None:
            context.add_cookies([session_cookie(site, user)])
        page = context.new_page()
        page.set_default_timeout(20_000)
        watches.append(Watch(page))
        if path:
            page.goto(path)
        return page

    yield open_one
    complaints = [complaint for watch in watches for complaint in (*watch.complaints, *watch.violations())]
    for watch in watches:
        watch.page.context.close()
    assert complaints == []


def session_cookie(site: str, user: User) -> dict[str, str]:
    """The cookie of somebody who logged in."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}


@pytest.fixture
def staff(site: str) -> User:
    """Somebody who may do everything; the password is ``correct horse``."""
    return User.objects.create_superuser("grace", "grace@example.org", "correct horse")


def accessible(page: Page) -> None:
    """Fails with every violation of accessibility that axe-core finds on the page."""
    # axe copies imported style sheets into inline ones to look into them, which the policy forbids
    found = Axe().run(page, options={"preload": False}).response["violations"]
    sentences = [f"{rule['id']}: {rule['help']}: {node['html']}" for rule in found for node in rule["nodes"]]
    assert sentences == [], page.url
