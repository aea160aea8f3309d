"""All that failed is tried again, but for what is too old or resolved; and what succeeds in the end is resolved."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone

from packager.lifecycle import failures, requests
from packager.models import PackageError, PackageRequest, Status
from tests.packager.conftest import run_tasks
from tests.packager.rows import make

CODE = "source_timeout"


def failed(days: float = 0, code: str = CODE, *, resolved: bool = False, **changes: object) -> PackageRequest:
    """A request that failed so many days ago, with its error."""
    at = timezone.now() - timedelta(days=days)
    reference = f"PP-{PackageRequest.objects.count():08}"
    facts = {"error_code": code, "error_reference": reference, "finished_at": at, "fingerprint": reference}
    (request,) = make(1, Status.FAILED, **{**facts, **changes})
    PackageError.objects.create(
        request=request,
        reference=reference,
        resource_id=request.resource_id,
        attempt=1,
        code=code,
        retryable=True,
        message="No answer.",
        at=at,
        resolved_at=at if resolved else None,
    )
    return request


def queued() -> set[object]:
    return set(PackageRequest.objects.filter(status=Status.QUEUED).values_list("pk", flat=True))


def run(*arguments: str) -> tuple[str, str]:
    out, aside = StringIO(), StringIO()
    call_command("retry_failed", *arguments, stdout=out, stderr=aside)
    return out.getvalue(), aside.getvalue()


def test_of_a_cause_those_of_late_that_nobody_resolved_are_tried_again(portal):
    late = failed(29)
    failed(31)
    failed(1, resolved=True)
    failed(1, code="store_full")
    failed(1, key_used=True)
    tally = failures.retry_cause(CODE, "grace")
    assert (tally.done, tally.left) == ([late.pk], 1)
    assert queued() == {late.pk}


def test_the_setting_says_how_old_is_too_old(portal, settings):
    request = failed(31)
    settings.PACKAGER_RETRY_MAX_AGE = 32
    assert failures.retry_cause(CODE, "grace").done == [request.pk]


def test_those_of_all_ages_are_tried_again_on_demand(portal):
    old = failed(400)
    failed(400, resolved=True)
    assert failures.retry_cause(CODE, "grace", all_ages=True).done == [old.pk]


def test_who_shares_an_error_that_is_resolved_is_left_too(portal):
    leader = failed(resolved=True)
    make(1, Status.FAILED, error_code=CODE, error_reference=leader.error_reference, finished_at=timezone.now())
    assert failures.retry_cause(CODE, "grace").done == []


def test_the_preview_says_how_many_of_what_age_and_how_many_mails(portal):
    rows = [failed(20), failed(3, email=""), failed(7)]
    failed(99)
    failed(98, resolved=True)
    failed(1, resolved=True)
    failed(1, key_used=True)
    preview = failures.preview_retry(CODE)
    assert (preview.count, preview.mails) == (3, 2)
    assert (preview.oldest, preview.newest) == (rows[0].finished_at, rows[1].finished_at)
    assert (preview.too_old, preview.resolved, preview.without_key, preview.left_out) == (2, 1, 1, 4)
    assert queued() == set()
    assert len(failures.retry_cause(CODE, "grace").done) == preview.count


def test_the_preview_of_all_ages_leaves_none_out_for_its_age(portal):
    failed(99)
    preview = failures.preview_retry(CODE, all_ages=True)
    assert (preview.count, preview.too_old) == (1, 0)


def test_where_nothing_failed_the_preview_is_empty(portal):
    assert failures.preview_retry(CODE) == failures.RetryPreview(0, None, None, 0, 0, 0, 0)


@pytest.mark.parametrize("count", [3, 300])
def test_a_preview_is_one_query_however_many_failed(portal, django_assert_num_queries, count):
    make(count, Status.FAILED, error_code=CODE, finished_at=timezone.now())
    with django_assert_num_queries(1):
        assert failures.preview_retry(CODE).count == count


def test_the_command_leaves_old_ones_out_and_says_so(portal):
    late, old = failed(1), failed(31)
    assert run() == (
        "1 request queued again.\n",
        "1 older failure skipped; --all-ages includes them.\n",
    )
    assert queued() == {late.pk}
    assert run("--all-ages") == ("1 request queued again.\n", "")
    assert queued() == {late.pk, old.pk}


def test_a_date_asks_for_what_is_older(portal):
    old = failed(31)
    run("--since", f"{old.finished_at:%Y-%m-%d}")
    assert queued() == {old.pk}


def test_a_dry_run_of_the_command_changes_nothing(portal):
    request = failed(1)
    day = f"{request.finished_at:%Y-%m-%d}"
    told = f"1 request would be queued again (failed {day} to {day}); emails that would follow: 1.\n"
    assert run("--dry-run") == (told, "")
    assert queued() == set()


# ---------------------------------------------------------------- what succeeds in the end


def test_the_errors_of_a_request_that_succeeds_in_the_end_are_resolved(built, ckan):
    ckan.faults.add("status", status=404, times=99)
    request, other = built(), built(format="tsv")
    ckan.faults.clear()
    requests.retry(request.pk)
    run_tasks()
    error = request.errors.get()
    assert error.resolved_at is not None
    assert (error.resolved_by, error.resolved_note) == (None, failures.SUCCEEDED_LATER)
    assert other.errors.get().resolved_at is None


def test_what_somebody_resolved_keeps_their_note(built, ckan):
    ckan.faults.add("status", status=404, times=99)
    request = built()
    ckan.faults.clear()
    failures.resolve(request.errors.all(), User.objects.create_user("grace"), "CKAN was away")
    requests.retry(request.pk)
    run_tasks()
    error = request.errors.get()
    assert (error.resolved_by.username, error.resolved_note) == ("grace", "CKAN was away")


def test_the_errors_of_a_request_that_joined_others_are_resolved_with_theirs(portal, submission, ckan):
    ckan.faults.add("status", status=404, times=99)
    first = requests.submit(submission())
    run_tasks()
    ckan.faults.clear()
    requests.submit(submission(email="grace@example.org"))
    assert requests.retry(first.pk).leader is not None
    run_tasks()
    assert first.errors.get().resolved_note == failures.SUCCEEDED_LATER
