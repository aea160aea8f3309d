"""PACKAGER_ANONYMIZE_EMAILS: nobody's address outlives its request."""

from __future__ import annotations

import pytest
from django.core import mail

from packager.lifecycle import requests
from packager.models import Delivery, PackageRequest
from stats.models import ErrorRecord, Requester, RequestRecord

ADDRESS = "someone@example.com"
HASHED = "$2b$12$MDAwMDAwMGV4YW1wbGUuYuw1lwx67Zsjz.1gVNSqFn2UUb06lQGU."


@pytest.fixture
def anonymous(settings):
    """The setting, switched on."""
    settings.PACKAGER_ANONYMIZE_EMAILS = True


def test_the_statistics_are_hashed_at_once_and_keep_the_domain(anonymous, built, ckan):
    built(email="Someone@Example.com")
    built(email=ADDRESS, parameters={"filters": {"no such field": 1}})
    for model in (RequestRecord, ErrorRecord):
        assert list(model.objects.values_list("email", "domain")) == [(HASHED, "example.com")]
    assert set(Requester.objects.values_list("email", flat=True)) == {HASHED}


def test_within_the_hour_the_request_is_hashed_too_and_its_mail_was_sent_before(anonymous, built, by_the_clock):
    built(email=ADDRESS)
    by_the_clock()
    assert [message.to for message in mail.outbox] == [[ADDRESS]]
    assert (PackageRequest.objects.get().email, Delivery.objects.get().address) == (HASHED, HASHED)


def test_a_request_under_way_keeps_its_address_until_it_is_over(anonymous, portal, submission, by_the_clock):
    from stats.tasks import anonymise_requests

    requests.submit(submission(email=ADDRESS))
    assert anonymise_requests() == 0
    by_the_clock()
    assert [message.to for message in mail.outbox] == [[ADDRESS]]
    by_the_clock()
    assert PackageRequest.objects.get().email == HASHED


def test_without_the_setting_addresses_stay(built, by_the_clock):
    built(email=ADDRESS)
    by_the_clock()
    assert PackageRequest.objects.get().email == ADDRESS
