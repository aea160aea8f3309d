"""The page behind the link says in plain words how a request stands, and tells nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings as django_settings
from django.utils import timezone

from demo.faults import Kind as Fault
from packager.lifecycle import maintenance, requests, transitions
from packager.models import Kind, Package, PackageRequest, Status
from packager.streaming.notes import Note, saved
from tests.packager.conftest import run_tasks
from tests.requester.conftest import page, words

KEY = "a-key-of-ckan"


@pytest.fixture
def queued(portal, submission):
    """A request that waits."""
    return requests.submit(submission())


@pytest.fixture
def running(queued):
    """A request that is being built: 250 of 500 rows in one minute."""
    claim = transitions.claim(queued.pk, "a worker")
    transitions.report(claim, rows_done=250, rows_total=500)
    PackageRequest.objects.update(started_at=timezone.now() - timedelta(minutes=1))
    queued.refresh_from_db()
    return queued


@pytest.fixture
def expired(built):
    """A request whose package is gone."""
    request = built()
    with time_machine.travel(timezone.now() + timedelta(days=django_settings.PACKAGER_EXPIRY_DAYS, hours=1)):
        maintenance.expire_packages()
    request.refresh_from_db()
    return request


def test_a_waiting_request_says_how_many_are_before_it(queued, portal, submission):
    assert "You're next in the queue." in words(portal.get(page(queued)))
    last = requests.submit(submission(parameters={"limit": 3}))
    assert "1 request ahead of yours." in words(portal.get(page(last)))


def test_a_running_request_shows_rows_and_time_left(running, portal):
    text = words(portal.get(page(running)))
    assert "250 of 500 rows" in text
    assert "about 1 minute left" in text


def test_a_running_request_whose_end_nobody_knows_counts_rows_without_promising(running, portal):
    PackageRequest.objects.update(rows_total=None, rows_done=12345)
    answer = portal.get(page(running))
    assert "12,345 rows so far" in words(answer)
    assert "<progress" in answer.content.decode()
    assert " max=" not in answer.content.decode()
    assert "left" not in words(answer)


def test_a_file_shows_its_bytes(running, portal):
    PackageRequest.objects.update(kind=Kind.URL, bytes_done=1024**2, bytes_total=4 * 1024**2)
    assert "1.0 MB of 4.0 MB about 3 minutes left" in words(portal.get(page(running)))


def test_a_file_whose_size_nobody_knows_counts_bytes(running, portal):
    PackageRequest.objects.update(kind=Kind.URL, bytes_done=1024**2, bytes_total=None)
    assert "1.0 MB so far" in words(portal.get(page(running)))


def test_who_joined_a_build_sees_its_progress(running, portal, submission):
    follower = requests.submit(submission(email="bea@example.org"))
    assert follower.leader == running
    assert "250 of 500 rows" in words(portal.get(page(follower)))


def test_a_ready_package_is_described_whole(built, portal):
    request = built()
    package = request.package
    answer = portal.get(page(request))
    text = words(answer)
    for fact in (package.file_name, package.sha256, f"{package.size:,} bytes", "resource.csv", "sha256sum"):
        assert fact in text
    assert request.download_url in answer.content.decode()
    assert "All rows are included" in text


def test_a_request_that_matched_nothing_says_so_and_claims_nothing(built, portal):
    answer = portal.get(page(built(parameters={"filters": {"_id": -1}})))
    assert "Nothing matched your request." in words(answer)
    assert "Every row" not in words(answer)
    assert "Your package is ready." not in words(answer)
    assert 'class="card empty"' in answer.content.decode()


def test_doubts_about_wholeness_are_shown_instead(built, portal):
    request = built()
    Package.objects.update(notes=[saved(Note("total_unknown"))])
    text = words(portal.get(page(request)))
    assert "does not say how many rows" in text
    assert "Every row" not in text


def test_a_failure_says_why_what_to_do_and_a_reference(built, portal, ckan):
    ckan.faults.add(Fault.STATUS, status=503, times=50)
    request = built()
    text = words(portal.get(page(request)))
    assert "The data portal is overloaded or not working properly (HTTP 503)." in text
    assert "Try again" in text
    assert request.error_reference in text


def test_a_failure_is_read_in_the_readers_language_by_all_who_waited_for_it(portal, submission, ckan):
    ckan.faults.add(Fault.STATUS, status=503, times=50)
    waiting = [requests.submit(submission(email=f"{name}@example.org")) for name in ("ada", "bea")]
    run_tasks()
    for request in waiting:
        answer = portal.get(page(request), headers={"Accept-Language": "de"})
        assert "Das Datenportal ist überlastet oder gestört (HTTP 503)." in words(answer)


def test_a_failure_that_trying_again_cannot_mend_offers_no_button(built, portal, ckan):
    request = built(resource_id="00000000-0000-0000-0000-000000000000")
    assert request.error_code == "resource_not_found"
    answer = portal.get(page(request))
    assert "may have been moved" in words(answer)
    assert 'form="again"' not in answer.content.decode()
    portal.post(f"{page(request)}again")
    request.refresh_from_db()
    assert request.status == Status.FAILED


def test_trying_again_queues_it_again(built, portal, ckan):
    ckan.faults.add(Fault.STATUS, status=503, times=50)
    request = built()
    assert portal.post(f"{page(request)}again")["Location"] == page(request)
    request.refresh_from_db()
    assert request.status == Status.QUEUED


def test_an_expired_package_can_be_made_again(expired, portal):
    assert "Recreate package" in words(portal.get(page(expired)))
    portal.post(f"{page(expired)}again")
    expired.refresh_from_db()
    assert expired.status == Status.QUEUED


def test_an_expired_package_is_still_described(expired, portal):
    answer = portal.get(page(expired))
    for fact in (expired.package.file_name, expired.package.sha256, "1,000", "resource.csv", "Was available until"):
        assert fact in words(answer)
    assert "Every row" not in words(answer)
    assert expired.download_url not in answer.content.decode()


def test_a_package_of_private_data_cannot_be_made_again_and_the_page_says_why(built, portal):
    request = built(key=KEY)
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        maintenance.expire_packages()
    answer = portal.get(page(request))
    assert "we've erased" in words(answer)
    assert 'form="again"' not in answer.content.decode()
    portal.post(f"{page(request)}again")
    request.refresh_from_db()
    assert request.status == Status.EXPIRED


@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_request_under_way_can_be_cancelled(state, request, portal):
    wanted = request.getfixturevalue(state)
    assert 'form="cancel"' in portal.get(page(wanted)).content.decode()
    assert portal.post(f"{page(wanted)}cancel").status_code == 302
    wanted.refresh_from_db()
    assert wanted.status == Status.CANCELLED
    assert "was cancelled" in words(portal.get(page(wanted)))


def test_who_joined_a_build_cancels_only_their_own(running, portal, submission):
    follower = requests.submit(submission(email="bea@example.org"))
    portal.post(f"{page(follower)}cancel")
    follower.refresh_from_db()
    running.refresh_from_db()
    assert (follower.status, running.status) == (Status.CANCELLED, Status.RUNNING)


def test_what_is_over_cannot_be_cancelled(built, portal):
    request = built()
    portal.post(f"{page(request)}cancel")
    request.refresh_from_db()
    assert request.status == Status.SUCCEEDED


@pytest.mark.parametrize("action", ["cancel", "again"])
@pytest.mark.parametrize("elsewhere", ["cross-site", "same-site"])
def test_actions_are_posted_from_our_own_page(action, elsewhere, queued, client_with_csrf):
    button = f"{page(queued)}{action}"
    assert client_with_csrf.post(button, headers={"Sec-Fetch-Site": elsewhere}).status_code == 403
    assert client_with_csrf.get(button).status_code == 405
    queued.refresh_from_db()
    assert queued.status == Status.QUEUED


def test_a_button_works_without_a_cookie_and_without_telling_where_it_stands(queued, client_with_csrf):
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
    assert client_with_csrf.post(f"{page(queued)}cancel", headers=headers).status_code == 302
    queued.refresh_from_db()
    assert queued.status == Status.CANCELLED


@pytest.fixture
def client_with_csrf(portal):
    """A client whose posts are checked as a browser's are."""
    return type(portal)(enforce_csrf_checks=True)


def test_the_page_is_private_and_gives_nothing_away(built, portal):
    request = built(key=KEY)
    for path in (page(request), f"{page(request)}state"):
        answer = portal.get(path)
        assert {"private", "no-store"} <= set(answer["Cache-Control"].split(", "))
        assert "noindex" in answer["X-Robots-Tag"]
        # nobody learns the link, and nothing is kept about who has it
        assert answer["Referrer-Policy"] == "no-referrer"
        assert not answer.cookies
        for secret in (request.email, KEY, "ada"):
            assert secret not in answer.content.decode()


def test_the_state_is_sent_again_only_when_it_changed(running, portal):
    PackageRequest.objects.update(started_at=None)
    first = portal.get(f"{page(running)}state")
    assert portal.get(f"{page(running)}state", headers={"If-None-Match": first["ETag"]}).status_code == 304
    PackageRequest.objects.update(rows_done=300)
    assert portal.get(f"{page(running)}state", headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_looking_again_ends_when_the_package_is_there(built, portal):
    assert 'data-look-again="0"' in portal.get(f"{page(built())}state").content.decode()


def test_a_page_looks_seldom_at_what_may_be_taken_up_again(running, portal):
    assert 'data-look-again="2"' in portal.get(f"{page(running)}state").content.decode()
    assert 'http-equiv="refresh"' in portal.get(page(running)).content.decode()
    requests.cancel(running.pk)
    assert 'data-look-again="30"' in portal.get(f"{page(running)}state").content.decode()
    assert 'http-equiv="refresh"' not in portal.get(page(running)).content.decode()


def test_an_unknown_link_is_a_page_of_ours(portal):
    answer = portal.get("/requests/nonsense/")
    assert answer.status_code == 404
    assert "mistyped or cut off" in words(answer)


def test_the_gone_page_leads_to_the_status_page(expired, portal):
    answer = portal.get(expired.download_url.removeprefix(django_settings.PUBLIC_URL))
    assert answer.status_code == 410
    assert page(expired) in answer.content.decode()
