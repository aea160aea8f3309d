"""What a viewer, an operator and a manager see and may do, and that the admin's log has it."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from packager.models import Delivery, PackageError, PackageRequest, Status
from tests.packager.rows import make
from tests.packager.test_many_at_once import states

LIST = "/admin/packager/packagerequest/"


@pytest.fixture
def log_in(portal):
    """A client of somebody with a role."""
    # a database that other tests have emptied has lost what the migrations put in
    import_module("portal.migrations.0001_staff_groups").make_groups(apps, None)

    def as_role(role: str) -> Client:
        user = User.objects.create_user(role, password="correct horse", is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return as_role


@pytest.fixture
def failed(portal) -> PackageRequest:
    (request,) = make(1, Status.FAILED, error_code="source_timeout", error_reference="PP-ABCDEFGH")
    now = timezone.now()
    PackageError.objects.create(
        request=request,
        reference="PP-ABCDEFGH",
        resource_id="birds",
        attempt=1,
        code="source_timeout",
        retryable=True,
        message="No answer.",
        detail="Traceback: somewhere",
        at=now,
    )
    Delivery.objects.create(
        request=request, subject="failed", address=request.email, created_at=now, next_attempt_at=now
    )
    return request


def pages(request: PackageRequest) -> list[str]:
    error, sent = request.errors.get(), request.deliveries.get()
    return [
        LIST,
        f"{LIST}{request.pk}/change/",
        "/admin/packager/packageerror/",
        f"/admin/packager/packageerror/{error.pk}/change/",
        "/admin/packager/delivery/",
        f"/admin/packager/delivery/{sent.pk}/change/",
        "/admin/stats/requestrecord/",
        "/admin/stats/errorrecord/",
        "/admin/",
        "/admin/now/",
        "/admin/packager/packageerror/causes/",
        "/admin/statistics/",
    ]


def read(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_a_viewer_sees_everything_but_personal_data_and_tracebacks(log_in, failed):
    client = log_in("viewer")
    for path in pages(failed):
        page = read(client, path)
        assert "ada@" not in page, path
        assert "Traceback: somewhere" not in page, path
    assert "•••@example.org" in read(client, LIST)


def test_an_operator_sees_addresses_and_tracebacks(log_in, failed):
    client = log_in("operator")
    page = read(client, f"{LIST}{failed.pk}/change/")
    assert "ada@example.org" in page
    assert "Traceback: somewhere" in page


def found(client: Client, term: str) -> int:
    return client.get(LIST, {"q": term}).context["cl"].result_count


@pytest.mark.parametrize("term", ["ada@example.org", "ADA@example.org", "PP-ABCDEFGH", "pp-abcdefgh", "bir"])
def test_an_operator_finds_a_request_by_address_reference_and_resource(log_in, failed, term):
    assert found(log_in("operator"), term) == 1


def test_a_viewer_cannot_find_out_addresses_by_searching(log_in, failed):
    client = log_in("viewer")
    assert found(client, "ada@example.org") == 0
    assert found(client, "PP-ABCDEFGH") == 1
    assert client.get("/admin/packager/delivery/", {"q": "ada@example.org"}).context["cl"].result_count == 0


@pytest.mark.parametrize(("role", "shown"), [("viewer", False), ("operator", True)])
def test_the_link_with_which_one_can_cancel_is_for_those_who_may(log_in, failed, role, shown):
    assert (failed.token in read(log_in(role), f"{LIST}{failed.pk}/change/")) is shown


@pytest.mark.parametrize(
    ("role", "deed", "status"),
    [("viewer", "retry", 403), ("operator", "retry", 302), ("operator", "forget", 403), ("manager", "forget", 200)],
)
def test_buttons_work_for_those_who_may_press_them(log_in, failed, role, deed, status):
    assert log_in(role).post(f"{LIST}{failed.pk}/do/{deed}/").status_code == status


def test_list_actions_are_offered_to_those_who_may_run_them(log_in, failed):
    def offered(role: str) -> list[str]:
        form = log_in(role).get(LIST).context["action_form"]
        return [name for name, _ in form.fields["action"].choices if name] if form else []

    assert offered("viewer") == []
    assert offered("operator") == ["retry", "cancel", "resend", "rebuild"]
    assert offered("manager") == ["retry", "cancel", "resend", "rebuild", "forget"]


def run_action(client: Client, action: str, rows: list[PackageRequest], **more: str) -> object:
    return client.post(LIST, {"action": action, "_selected_action": [row.pk for row in rows], **more}, follow=True)


def test_an_action_on_all_that_match_a_filter_reaches_beyond_the_page(log_in, portal):
    rows = make(120, Status.FAILED) + make(1, Status.SUCCEEDED, fingerprint="other")
    client = log_in("operator")
    data = {"action": "retry", "_selected_action": [rows[0].pk], "select_across": "1", "index": "0"}
    client.post(f"{LIST}?status__exact=failed", {**data, "confirmed": "1"})
    assert states() == {Status.QUEUED: 120, Status.SUCCEEDED: 1}


def test_what_staff_do_is_in_the_log(log_in, failed):
    client = log_in("manager")
    client.post(f"{LIST}{failed.pk}/do/retry/")
    run_action(client, "cancel", [failed], confirmed="yes")
    client.post(f"{LIST}{failed.pk}/do/forget/", {"confirmed": "yes"})
    data = {"code": "source_timeout", "resolve": "1", "note": "seen", "confirmed": "1"}
    client.post("/admin/packager/packageerror/causes/", data)
    logged = [(entry.user.username, entry.change_message) for entry in LogEntry.objects.order_by("pk")]
    assert logged == [
        ("manager", "Retry"),
        ("manager", "Cancel"),
        ("manager", "Delete personal data"),
        ("manager", "All of source_timeout: 1 resolved."),
    ]
    assert PackageRequest.objects.get().email == ""


def test_an_action_that_cannot_be_done_says_so_and_is_not_logged(log_in, portal):
    (request,) = make(1, Status.SUCCEEDED)
    answer = log_in("operator").post(f"{LIST}{request.pk}/do/retry/", follow=True)
    assert "Only a request that failed" in answer.content.decode()
    assert not LogEntry.objects.exists()


def test_all_of_a_cause_are_retried(log_in, failed):
    data = {"code": "source_timeout", "retry": "1", "confirmed": "1"}
    log_in("operator").post("/admin/packager/packageerror/causes/", data)
    assert states() == {Status.QUEUED: 1}


def test_resolving_keeps_who_and_why(log_in, failed):
    data = {"code": "source_timeout", "resolve": "1", "note": "CKAN moved", "confirmed": "1"}
    log_in("operator").post("/admin/packager/packageerror/causes/", data)
    error = PackageError.objects.get()
    assert (error.resolved_by.username, error.resolved_note) == ("operator", "CKAN moved")
    assert error.resolved_at is not None


def test_a_viewer_resolves_nothing(log_in, failed):
    data = {"code": "source_timeout", "resolve": "1", "confirmed": "1"}
    answer = log_in("viewer").post("/admin/packager/packageerror/causes/", data)
    assert answer.status_code == 403
