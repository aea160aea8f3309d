"""Before something is done to many, staff read how many, how old and how many mails; saying no leads back."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone
from django_q.models import Failure, OrmQ

from packager.models import Delivery, PackageError, PackageRequest, Status
from packager.security.api_keys import ApiKey
from packager.security.sites import CkanSite
from tests.packager.rows import make
from tests.packager.test_staff_roles import log_in  # noqa: F401
from tests.packager.test_trying_failures_again import CODE, failed

LIST = "/admin/packager/packagerequest/"
CAUSES = "/admin/packager/packageerror/causes/"


def do(client: Client, action: str, rows: list, at: str = LIST, **more: str):
    return client.post(at, {"action": action, "_selected_action": [row.pk for row in rows], **more})


def facts(answer) -> list[tuple[str, str]]:
    return answer.context["question"].facts


def told(answer) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def states() -> list[str]:
    return sorted(PackageRequest.objects.values_list("status", flat=True))


@pytest.mark.parametrize(
    ("action", "status", "title", "mails"),
    [
        ("retry", Status.FAILED, "Retry 3 requests?", "2, one for each request when it is done"),
        ("cancel", Status.RUNNING, "Cancel 3 requests?", "2, sent now"),
        (
            "rebuild",
            Status.EXPIRED,
            "Rebuild 3 requests, ignoring the cache?",
            "2, one for each request when it is done",
        ),
        ("forget", Status.SUCCEEDED, "Delete the personal data of 3 requests?", "none"),
    ],
)
def test_an_action_on_many_asks_and_changes_nothing(admin_client, action, status, title, mails):
    now = timezone.now()
    rows = make(1, status, created_at=now - timedelta(days=400)) + make(1, status, fingerprint="b", email="")
    rows += make(1, status, fingerprint="c", created_at=now - timedelta(days=2))
    answer = do(admin_client, action, rows)
    assert answer.context["title"] == title
    assert dict(facts(answer))["Requests"] == "3"
    assert "1 year, 1 month ago" in dict(facts(answer))["Requested"].replace("\xa0", " ")
    assert dict(facts(answer))["Emails"] == mails
    assert states() == [status] * 3
    assert PackageRequest.objects.exclude(email="").count() == 2


def test_what_cannot_be_done_is_counted_with_its_reason(admin_client, db):
    rows = make(1, Status.FAILED)
    rows += make(1, Status.SUCCEEDED, fingerprint="b") + make(1, Status.FAILED, fingerprint="c", key_used=True)
    skipped = [value for name, value in facts(do(admin_client, "retry", rows)) if name == "Skipped"]
    assert sorted(skipped) == [
        "1: Only a request that failed, was cancelled or has expired can be tried again.",
        "1: The key that this request needs is no longer kept; request the data again on the data portal.",
    ]
    assert told(do(admin_client, "retry", rows, confirmed="1")) == ["1 retried, 2 skipped."]


def test_what_can_be_done_with_none_cannot_be_confirmed(admin_client, db):
    answer = do(admin_client, "cancel", make(1, Status.FAILED))
    assert answer.context["title"] == "Nothing to do"
    assert 'name="confirmed"' not in answer.content.decode()


def test_no_leads_back_to_the_same_filtered_list(admin_client, db):
    rows, here = make(1, Status.FAILED), f"{LIST}?status__exact=failed&format=csv"
    answer = do(admin_client, "retry", rows, here, declined="1")
    assert (answer.status_code, answer.url) == (302, here)
    assert states() == [Status.FAILED]


def test_no_leads_back_to_the_request_and_from_there_to_the_filtered_list(admin_client, db):
    (request,) = make(1, Status.RUNNING)
    page = f"{LIST}{request.pk}/change/?_changelist_filters=status__exact%3Drunning"
    html = admin_client.get(page).content.decode()
    assert f'href="{LIST}?status__exact=running"' in html
    (button,) = re.findall(r'action="([^"]*/do/cancel/[^"]*)"', html)
    assert admin_client.post(button, {"declined": "1"}).url == page
    assert admin_client.post(button, {"confirmed": "1"}).url == page


def test_the_first_button_of_every_question_changes_nothing(admin_client, db):
    request = failed()
    pages = [
        do(admin_client, "retry", [request]),
        do(admin_client, "resolve", [PackageError.objects.get()], "/admin/packager/packageerror/"),
        admin_client.post(CAUSES, {"code": CODE, "retry": "1"}),
    ]
    for page in pages:
        form = re.search(r'<form method="post" class="answers">.*?</form>', page.content.decode(), re.DOTALL)[0]
        assert re.findall(r'<button[^>]* name="(\w+)"', form) == ["declined", "confirmed"]


def test_what_was_posted_comes_again_with_the_answer(admin_client, db):
    failed()
    html = admin_client.post(CAUSES, {"code": CODE, "resolve": "1", "note": 'CKAN "moved"'}).content.decode()
    assert '<input type="hidden" name="note" value="CKAN &quot;moved&quot;">' in html
    assert PackageError.objects.get().resolved_at is None


# ------------------------------------------------------------------ all of a cause


def test_the_note_and_the_retry_are_in_forms_of_their_own(admin_client, db):
    failed()
    html = admin_client.get(CAUSES).content.decode()
    forms = re.findall(r'<form method="post" class="inline">.*?</form>', html, re.DOTALL)
    assert [re.findall(r' name="(note|resolve|retry)"', form) for form in forms] == [["note", "resolve"], ["retry"]]


def test_retry_all_says_what_it_would_do_and_leave_out(admin_client, db):
    failed(20)
    failed(3, email="")
    failed(31)
    failed(1, resolved=True)
    failed(1, key_used=True)
    answer = admin_client.post(CAUSES, {"code": CODE, "retry": "1"})
    assert answer.context["title"] == "Retry 2 requests?"
    said = facts(answer)
    assert [value for name, value in said if name == "Skipped"] == [
        "1 failed more than 30 days ago",
        "1 resolved",
        "1 without the CKAN key they need",
    ]
    assert dict(said)["Emails"] == "1, one for each request when it is done"
    assert "2 weeks, 6 days ago" in dict(said)["Failed"].replace("\xa0", " ")
    assert states() == [Status.FAILED] * 5


def test_retry_all_leaves_the_old_and_the_resolved_alone_and_says_how_many(admin_client, db):
    failed(20)
    failed(31)
    failed(1, resolved=True)
    answer = admin_client.post(CAUSES, {"code": CODE, "retry": "1", "confirmed": "1"})
    assert told(answer) == [f"{CODE}: 1 retried, 2 skipped (1 failed more than 30 days ago, 1 resolved)."]
    assert states() == [Status.FAILED, Status.FAILED, Status.QUEUED]
    assert answer.url == CAUSES


def test_resolving_the_ticked_errors_asks_and_counts_the_open_ones(admin_client, db):
    failed()
    failed(resolved=True)
    errors, at = list(PackageError.objects.all()), "/admin/packager/packageerror/"
    answer = do(admin_client, "resolve", errors, at)
    assert answer.context["title"] == "Mark 1 error as resolved?"
    assert dict(facts(answer))["Emails"] == "none"
    assert told(do(admin_client, "resolve", errors, at, confirmed="1")) == ["1 resolved."]


# ------------------------------------------------------------- one, and other tables


def test_one_request_is_named_and_not_counted(admin_client, db):
    (request,) = make(1, Status.RUNNING)
    answer = admin_client.post(f"{LIST}{request.pk}/do/cancel/")
    assert answer.context["title"] == "Cancel this request?"
    assert told(admin_client.post(f"{LIST}{request.pk}/do/cancel/", {"confirmed": "1"})) == ["Cancelled."]
    assert Delivery.objects.get().subject == "cancelled"


def test_a_page_offers_what_can_be_done_with_the_request(admin_client, db):
    (request,) = make(1, Status.FAILED, key_used=True)
    actions = admin_client.get(f"{LIST}{request.pk}/change/").context["actions"]
    assert [action.name for action in actions] == ["resend", "forget"]


def test_keys_are_revoked_after_a_question(admin_client, db):
    key, at = ApiKey.objects.create(name="garden", prefix="abc", digest="x", scopes=[]), "/admin/packager/apikey/"
    answer = do(admin_client, "revoke", [key], at)
    assert answer.context["title"] == "Revoke 1 API key?"
    assert dict(facts(answer))["Keys"] == "garden"
    assert ApiKey.objects.get().revoked_at is None
    assert told(do(admin_client, "revoke", [key], at, confirmed="1")) == ["1 revoked."]


@pytest.mark.parametrize("action", ["renew_secret", "remove_secret"])
def test_secrets_of_sites_change_after_a_question(admin_client, action):
    site, at = CkanSite.objects.create(name="museum", url="https://data.example.org"), "/admin/packager/ckansite/"
    old = site.renew_secret()
    assert dict(facts(do(admin_client, action, [site], at)))["Sites"] == "museum"
    before = CkanSite.objects.get().secret_digest
    do(admin_client, action, [site], at, confirmed="1")
    assert old
    assert CkanSite.objects.get().secret_digest != before


def test_tasks_run_again_after_a_question_and_for_those_who_may(admin_client, log_in):  # noqa: F811
    now = timezone.now()
    facts = {"func": "packager.tasks.expire_packages", "started": now, "stopped": now, "success": False}
    task = Failure.objects.create(id="1", name="one", **facts)
    at = "/admin/django_q/failure/"
    assert do(admin_client, "run_again", [task], at).context["title"] == "Run 1 task again?"
    assert log_in("manager").get(at).context["action_form"] is None
    assert not OrmQ.objects.exists()
    assert told(do(admin_client, "run_again", [task], at, confirmed="1")) == ["1 task queued again."]
    assert OrmQ.objects.count() == 1
