"""From the link in the first answer to the package on the requester's disk."""

from __future__ import annotations

import hashlib

import pytest
from playwright.sync_api import expect

from demo.ckan import DemoCkan
from packager.lifecycle import transitions
from packager.models import PackageRequest, Status
from packager.presentation import status
from tests.browser.requests_in_every_state import expired, queued, succeeded
from tests.packager.conftest import run_tasks

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)


@pytest.fixture(scope="module")
def ckan():
    """A CKAN."""
    with DemoCkan(rows=500) as ckan:
        yield ckan


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    """Pages look again every second."""
    monkeypatch.setattr(status, "LOOK_AGAIN", dict.fromkeys(status.LOOK_AGAIN, 1))


def _path(request):
    return f"/requests/{request.token}/"


def _downloaded(page):
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download").click()
    return hashlib.sha256(waiting.value.path().read_bytes()).hexdigest()


def test_the_page_moves_on_by_itself_until_the_package_can_be_downloaded(site, ckan, open_page):
    request = queued(ckan)
    page = open_page(_path(request))
    page.evaluate("window.neverReloaded = true")
    status = page.get_by_role("status").first
    expect(status).to_have_text("Waiting in the queue.")

    claim = transitions.claim(request.pk, "a worker")
    transitions.report(claim, rows_done=250, rows_total=1000)
    expect(status).to_have_text("Creating your package.")
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "250")
    page.get_by_role("button", name="Cancel").focus()
    transitions.report(claim, rows_done=500, rows_total=1000)
    expect(page.get_by_text("500 of 1,000 rows")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()

    PackageRequest.objects.update(status=Status.QUEUED)
    run_tasks()
    expect(status).to_have_text("Your package is ready.")
    expect(page).to_have_title("Ready: A thousand specimens")
    assert page.evaluate("window.neverReloaded")
    request.refresh_from_db()
    assert _downloaded(page) == request.package.sha256


def test_at_the_end_it_asks_no_more(site, ckan, open_page):
    page = open_page()
    asked = []
    page.on("request", lambda seen: asked.append(seen.url) if seen.url.endswith("/state") else None)
    request = queued(ckan)
    page.clock.install()
    page.goto(_path(request))
    run_tasks()
    with page.expect_response("**/state"):
        page.clock.run_for(6_000)
    expect(page.get_by_role("link", name="Download")).to_be_visible()
    page.clock.run_for(600_000)
    assert len(asked) == 1


def test_a_lost_connection_is_told_and_mended(site, ckan, open_page):
    page = open_page(_path(queued(ckan)))
    page.route("**/state", lambda route: route.abort())
    lost = page.get_by_text("Connection lost.")
    expect(lost).to_be_visible()
    page.unroute("**/state")
    expect(lost).to_be_hidden()


def test_cancelling_and_starting_again(site, ckan, open_page):
    request = queued(ckan)
    page = open_page(_path(request))
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("status").first).to_have_text("The request was cancelled.")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("status").first).to_have_text("Waiting in the queue.")


def test_what_has_expired_is_recreated(site, ckan, open_page):
    page = open_page(_path(expired(ckan)))
    page.get_by_role("button", name="Recreate package").click()
    run_tasks()
    expect(page.get_by_role("link", name="Download")).to_be_visible()


def test_without_scripts_everything_works_by_loading_the_page_again(site, ckan, open_page):
    request = queued(ckan)
    page = open_page(_path(request), look="without JavaScript")
    expect(page.get_by_text("Waiting in the queue.")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Try again").click()
    run_tasks()
    page.get_by_role("link", name="Refresh now").click()
    request.refresh_from_db()
    assert _downloaded(page) == request.package.sha256


def test_without_scripts_the_page_loads_itself_again(site, ckan, open_page):
    page = open_page(_path(queued(ckan)), look="without JavaScript")
    run_tasks()
    expect(page.get_by_role("link", name="Download")).to_be_visible()


def test_the_checksum_is_explained(site, ckan, open_page):
    request = succeeded(ckan)
    page = open_page(_path(request))
    command = page.get_by_text(f"sha256sum {request.package.file_name}")
    expect(command).to_be_hidden()
    page.get_by_text("How to check it").click()
    expect(command).to_be_visible()
