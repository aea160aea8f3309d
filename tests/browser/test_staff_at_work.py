"""What staff do every day: watch, cancel, retry, find, read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from packager.models import PackageError, PackageRequest, RequestHistory, Status
from tests.browser.conftest import accessible
from tests.packager.rows import make
from tests.stats.happenings import built, downloaded, failed, served

pytestmark = pytest.mark.browser
LIST = "/admin/packager/packagerequest/"


@pytest.fixture
def running(site) -> PackageRequest:
    now = timezone.now()
    progress = {"rows_done": 1000, "rows_total": 10_000, "started_at": now - timedelta(seconds=10), "heartbeat_at": now}
    return make(1, Status.RUNNING, **progress)[0]


@pytest.fixture
def broken(site) -> PackageRequest:
    facts = {"error_code": "source_timeout", "error_message": "No answer.", "error_reference": "PP-ABCDEFGH"}
    facts["finished_at"] = timezone.now()
    (request,) = make(1, Status.FAILED, fingerprint="broken", email="mary@example.org", **facts)
    now = timezone.now()
    RequestHistory.objects.create(request=request, at=now, from_status="running", to_status="failed", note="No answer.")
    PackageError.objects.create(
        request=request, reference="PP-ABCDEFGH", resource_id="birds", attempt=1, code="source_timeout",
        retryable=True, message="No answer.", detail="Traceback: somewhere", at=now,
    )  # fmt: skip
    return request


@pytest.fixture
def numbers(site) -> None:
    today = datetime.now(UTC)
    for days in range(5):
        facts = {"at": today - timedelta(days=days), "resource_id": "birds"}
        for happen in (served, failed, built, downloaded):
            happen(**facts)


def page_of(request: PackageRequest) -> str:
    return f"{LIST}{request.pk}/change/"


def test_the_dashboard_shows_a_running_request_move(open_page, staff, running):
    page = open_page("/admin/", user=staff)
    expect(page.get_by_text("1,000 of 10,000 rows")).to_be_visible()
    expect(page.get_by_text("2 min")).to_be_visible()
    PackageRequest.objects.update(rows_done=5000, heartbeat_at=timezone.now())
    expect(page.get_by_text("5,000 of 10,000 rows")).to_be_visible(timeout=20_000)


def test_a_queue_with_work_and_no_cluster_is_shouted_out(open_page, staff, site):
    make(2, Status.QUEUED, queue="slow")
    page = open_page("/admin/", user=staff)
    expect(
        page.get_by_text("2 requests are waiting in the slow queue, but no cluster is running to build them.")
    ).to_be_visible()


def test_a_running_request_is_cancelled_after_a_question(open_page, staff, running):
    page = open_page(page_of(running), user=staff)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", name="Cancel this request?")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Cancel this request").click()
    expect(page.get_by_text("Cancelled.")).to_be_visible()
    running.refresh_from_db()
    assert running.status == Status.CANCELLED


def test_a_failed_request_is_found_by_address_and_retried(open_page, staff, broken, running):
    page = open_page(LIST, user=staff)
    page.get_by_role("searchbox", name="Search").fill("mary@example.org")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("1 request", exact=True)).to_be_visible()
    page.locator("#result_list").get_by_role("link", name="birds").click()
    expect(page.get_by_text("PP-ABCDEFGH").first).to_be_visible()
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("Queued again.")).to_be_visible()
    broken.refresh_from_db()
    assert broken.status == Status.QUEUED


def test_the_page_of_a_request_lives_on_after_a_retry(open_page, staff, broken):
    page = open_page(page_of(broken), user=staff)
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("next in the queue (fast)")).to_be_visible()
    now = timezone.now()
    moves = {"status": Status.RUNNING, "attempt": 1, "started_at": now - timedelta(seconds=9), "heartbeat_at": now}
    PackageRequest.objects.update(rows_done=4000, rows_total=10_000, **moves)
    expect(page.get_by_text("4,000 rows")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    PackageRequest.objects.update(rows_done=9000)
    expect(page.get_by_text("9,000 rows")).to_be_visible(timeout=20_000)


def test_many_are_retried_from_the_list(open_page, staff, site):
    make(60, Status.FAILED)
    page = open_page(LIST, user=staff)
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Select all 60 requests").click()
    page.get_by_label("Action:").select_option("Retry")
    page.get_by_role("button", name="Go").click()
    expect(page.get_by_role("heading", name="Retry 60 requests?")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Retry 60 requests").click()
    expect(page.get_by_text("60 retried.")).to_be_visible()


def test_a_note_that_is_sent_by_enter_resolves_and_retries_nothing(open_page, staff, broken):
    page = open_page("/admin/packager/packageerror/causes/", user=staff)
    note = page.get_by_label("Note on resolving source_timeout")
    note.fill("CKAN was moved")
    note.press("Enter")
    expect(page.get_by_role("heading", name="Mark 1 error as resolved?")).to_be_visible()
    page.get_by_role("button", name="Mark 1 error as resolved").click()
    expect(page.get_by_text("source_timeout: 1 resolved.")).to_be_visible()
    assert PackageError.objects.get().resolved_note == "CKAN was moved"
    assert PackageRequest.objects.get().status == Status.FAILED


def test_a_cause_is_retried_from_a_phone_without_moving_the_table(open_page, staff, broken):
    page = open_page("/admin/packager/packageerror/causes/", look="phone", user=staff)
    table = page.get_by_role("group", name="Errors by cause")
    assert table.evaluate("place => place.scrollWidth <= place.clientWidth")
    page.get_by_role("button", name="Retry all of source_timeout").tap()
    expect(page.get_by_role("heading", name="Retry 1 request?")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Retry 1 request").tap()
    expect(page.get_by_text("source_timeout: 1 retried, 0 skipped.")).to_be_visible()


def test_the_list_shows_all_its_columns_on_a_small_laptop(open_page, staff, running):
    resource = "cd613e30-d8f1-4adf-91b7-584a2265b1f5"
    make(
        9,
        Status.SUCCEEDED,
        resource_id=resource,
        format="parquet",
        email="person1234@university.example",
        rows_done=10**8,
    )
    page = open_page(LIST, user=staff)
    assert page.locator("#result_list").evaluate("list => list.scrollWidth <= list.closest('.results').clientWidth")
    assert page.locator("#result_list.stacked").count() == 0


def test_the_statistics_are_read_as_plot_and_as_table(open_page, staff, numbers):
    page = open_page("/admin/statistics/", user=staff)
    page.get_by_role("link", name="birds").click()
    expect(page.locator(".plot canvas").first).to_be_visible()
    page.get_by_text("Table: Requests").click()
    table = page.get_by_role("group", name="Requests", exact=True).get_by_role("table")
    expect(table.get_by_role("row")).to_have_count(31)
    today = table.get_by_role("row").nth(1).get_by_role("cell")
    expect(today).to_have_text(["1", "1", "1"])


def test_the_numbers_can_be_read_without_scripts(open_page, staff, numbers, running):
    page = open_page("/admin/", look="without JavaScript", user=staff)
    expect(page.get_by_text("1,000 of 10,000 rows")).to_be_visible()


def test_statistics_are_exported_as_csv(open_page, staff, numbers):
    page = open_page("/admin/statistics/formats/", user=staff)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert lines[0] == "format,requests,requesters,errors,rows,bytes,builds,median,p95"
    assert lines[1:] == ["csv,5,1,5,50,5000,5,2.5,2.5"]


PAGES = (
    "/admin/",
    LIST,
    "change",
    "error",
    "/admin/packager/packageerror/",
    "/admin/packager/packageerror/causes/",
    "/admin/packager/package/",
    "/admin/packager/delivery/",
    "/admin/statistics/",
    "/admin/statistics/formats/",
    "/admin/statistics/periods/",
    "/admin/statistics/domains/",
    "/admin/statistics/resource/birds/",
    "/admin/stats/requestrecord/",
    "/admin/packager/apikey/",
    "/admin/packager/apikey/add/",
    "/admin/packager/ckansite/add/",
)


@pytest.mark.parametrize("look", ["light", "dark", "phone"])
def test_every_page_of_the_staff_is_accessible_and_fits_its_window(open_page, staff, broken, running, numbers, look):
    page = open_page(look=look, user=staff)
    error = f"/admin/packager/packageerror/{broken.errors.get().pk}/change/"
    for path in PAGES:
        page.goto({"change": page_of(broken), "error": error}.get(path, path))
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
