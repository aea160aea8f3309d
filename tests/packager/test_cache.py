"""The same parameters, whoever asks, give the same package while it is fresh."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from packager.lifecycle import requests
from packager.models import Package, Queue, Status
from packager.storage import filesystem


def test_a_fresh_package_serves_the_next_requester_at_once(built, submission):
    first = built()
    second = requests.submit(submission(email="grace@example.org"))
    assert (second.status, second.package, second.cached) == (Status.SUCCEEDED, first.package, True)
    assert second.queue == Queue.FAST


def test_a_served_requester_gets_a_mail(built):
    built()
    built(email="grace@example.org")
    assert [message.to for message in mail.outbox] == [["ada@example.org"], ["grace@example.org"]]


def test_a_package_past_the_cache_time_is_built_anew(built, settings):
    first = built()
    with time_machine.travel(timezone.now() + timedelta(seconds=settings.PACKAGER_CACHE_TIME + 1)):
        assert built().package != first.package


def test_a_package_whose_file_is_gone_is_built_anew(built):
    first = built()
    filesystem.default().delete(first.package.stored_as)
    assert built().package != first.package


def test_csv_and_no_format_are_the_same(post, portal):
    from tests.packager.conftest import run_tasks

    post()
    run_tasks()
    post(format="csv", email="grace@example.org")
    run_tasks()
    assert Package.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [{"q": "bee"}, {"limit": "3"}, {"offset": "1"}, {"sort": "_id desc"}, {"fields": "_id"}, {"format": "tsv"}],
    ids=lambda change: next(iter(change)),
)
def test_what_shapes_the_package_counts(post, portal, change):
    from packager.models import PackageRequest

    post()
    post(**change)
    assert PackageRequest.objects.values("fingerprint").distinct().count() == 2


@pytest.mark.parametrize(
    "change", [{"eml": "<eml/>"}, {"for_gbif": "true"}, {"format": "tsv"}], ids=lambda change: next(iter(change))
)
def test_what_shapes_a_darwin_core_archive_counts_too(post, portal, change):
    from packager.models import PackageRequest

    post("/package_dwc_archive")
    post("/package_dwc_archive", email="grace@example.org")
    post("/package_dwc_archive", **change)
    assert PackageRequest.objects.values("fingerprint").distinct().count() == 2


def test_a_package_built_with_a_key_is_for_that_key_only(built, ckan):
    private = ckan.resources["private"].id
    first = built(resource_id=private, key=ckan.token)
    assert first.status == Status.SUCCEEDED
    without, same = built(resource_id=private), built(resource_id=private, key=ckan.token)
    assert without.status == Status.FAILED
    assert without.error_code == "not_permitted"
    assert same.package == first.package


def test_the_cache_can_be_passed_over(built, submission):
    built()
    assert requests.submit(submission(), ignore_cache=True).status == Status.QUEUED
