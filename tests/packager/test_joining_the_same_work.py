"""The same work that is under way is joined, and everybody who asked gets the mail."""

from __future__ import annotations

from django.core import mail

from packager.lifecycle import maintenance, requests
from packager.models import Package, PackageRequest, Status
from tests.packager.conftest import run_tasks


def test_two_requests_for_the_same_make_one_package_and_two_mails(portal, submission):
    first = requests.submit(submission())
    second = requests.submit(submission(email="grace@example.org"))
    assert second.leader == first
    run_tasks()
    assert Package.objects.count() == 1
    assert set(PackageRequest.objects.values_list("status", flat=True)) == {Status.SUCCEEDED}
    assert sorted(message.to[0] for message in mail.outbox) == ["ada@example.org", "grace@example.org"]


def test_each_requester_has_a_link_of_their_own(portal, submission):
    first, second = requests.submit(submission()), requests.submit(submission())
    assert first.token != second.token


def test_other_parameters_are_other_work(portal, submission):
    first = requests.submit(submission())
    second = requests.submit(submission(parameters={"limit": 3}))
    assert second.leader is None
    assert first.fingerprint != second.fingerprint


def test_followers_share_the_failure_of_their_leader(portal, submission, ckan):
    ckan.faults.add("status", status=404, times=99)
    requests.submit(submission())
    requests.submit(submission(email="grace@example.org"))
    run_tasks()
    assert set(PackageRequest.objects.values_list("status", flat=True)) == {Status.FAILED}
    assert len(mail.outbox) == 2


def test_a_follower_leads_when_its_leader_is_cancelled(portal, submission):
    first = requests.submit(submission())
    second, third = requests.submit(submission()), requests.submit(submission())
    requests.cancel(first.pk)
    second.refresh_from_db()
    third.refresh_from_db()
    assert (second.leader, third.leader) == (None, second)
    run_tasks()
    states = PackageRequest.objects.in_bulk([first.pk, second.pk, third.pk])
    assert states[first.pk].status == Status.CANCELLED
    assert {states[second.pk].status, states[third.pk].status} == {Status.SUCCEEDED}


def test_retrying_what_somebody_else_asked_for_meanwhile_joins_them(portal, submission, ckan):
    ckan.faults.add("status", status=404, times=99)
    failed = requests.submit(submission())
    run_tasks()
    ckan.faults.clear()
    other = requests.submit(submission())
    assert requests.retry(failed.pk).leader == other
    run_tasks()
    failed.refresh_from_db()
    assert failed.status == Status.SUCCEEDED


def test_stranded_followers_join_whoever_does_the_same_work_now(portal, submission):
    first = requests.submit(submission())
    follower = requests.submit(submission(email="grace@example.org"))
    PackageRequest.objects.filter(pk=first.pk).update(status=Status.CANCELLED)
    third = requests.submit(submission())
    assert maintenance.requeue_stale() == 1
    follower.refresh_from_db()
    assert follower.leader == third
    run_tasks()
    follower.refresh_from_db()
    assert follower.status == Status.SUCCEEDED
