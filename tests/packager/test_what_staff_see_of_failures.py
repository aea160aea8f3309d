"""The lists say why a request failed, and which errors need nobody any more."""

from __future__ import annotations

from packager.lifecycle import requests
from packager.models import Status
from tests.packager.conftest import run_tasks
from tests.packager.rows import make
from tests.packager.test_staff_roles import LIST, log_in, read  # noqa: F401
from tests.packager.test_trying_failures_again import failed

FACTS = {"error_code": "resource_not_found", "error_message": "There is no such <resource>."}


def test_a_failed_row_shows_its_cause(admin_client, db):
    make(1, Status.FAILED, **FACTS)
    html = admin_client.get(LIST).content.decode()
    title = "There is no such &lt;resource&gt;."
    assert f'<span class="cause" title="{title}">resource_<wbr>not_<wbr>found</span>' in html


def test_a_row_that_was_queued_again_does_not(admin_client, db):
    (request,) = make(1, Status.FAILED, **FACTS)
    requests.retry(request.pk)
    assert 'class="cause"' not in admin_client.get(LIST).content.decode()


def test_an_error_whose_request_succeeded_later_is_shown_as_resolved(built, ckan, log_in):  # noqa: F811
    ckan.faults.add("status", status=404, times=99)
    request = built()
    client = log_in("viewer")
    assert "icon-no.svg" in read(client, "/admin/packager/packageerror/")
    ckan.faults.clear()
    requests.retry(request.pk)
    run_tasks()
    page = read(client, "/admin/packager/packageerror/")
    assert "icon-yes.svg" in page
    assert "icon-no.svg" not in page


def test_the_part_of_a_page_that_changes_comes_alone(admin_client, db):
    (request,) = make(1, Status.RUNNING, rows_done=4000)
    page = admin_client.get(f"{LIST}{request.pk}/now/").content.decode()
    assert "4,000 rows" in page
    assert "<html" not in page
    assert 'data-version="running 0"' in page
    assert admin_client.get(f"{LIST}{request.pk}/change/").content.decode().count('data-version="running 0"') == 2


def test_the_part_that_changes_is_for_staff(client, db):
    (request,) = make(1, Status.RUNNING)
    assert client.get(f"{LIST}{request.pk}/now/").status_code == 302


def test_the_filter_of_errors_speaks_of_open_and_resolved(admin_client, db):
    failed()
    failed(resolved=True)
    page = admin_client.get("/admin/packager/packageerror/", {"resolved_at__isempty": "1"})
    assert page.context["cl"].result_count == 1
    (shown,) = [spec for spec in page.context["cl"].filter_specs if spec.title == "state"]
    choices = [(choice["display"], choice["selected"]) for choice in shown.choices(page.context["cl"])]
    assert choices == [("All", False), ("Open", True), ("Resolved", False)]
