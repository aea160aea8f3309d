"""Which addresses of requests can be taken away, and when."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from packager.lifecycle import personal_data, requests
from packager.models import Delivery, PackageRequest
from tests.packager.conftest import run_tasks

HASHED = "$2b$12$MDAwMDAwMGV4YW1wbGUuYuw1lwx67Zsjz.1gVNSqFn2UUb06lQGU."


def test_the_address_of_a_request_that_is_over_is_replaced_with_that_of_its_mail(built):
    request = built(email="someone@example.com")
    assert personal_data.addresses() == {"someone@example.com"}
    assert personal_data.replace_address("someone@example.com", "gone") == 2
    assert PackageRequest.objects.get(pk=request.pk).email == "gone"
    assert Delivery.objects.get().address == "gone"


def test_a_request_under_way_keeps_its_address(portal, submission):
    request = requests.submit(submission(email="someone@example.com"))
    assert personal_data.addresses() == set()
    assert personal_data.replace_address("someone@example.com", "gone") == 0
    assert PackageRequest.objects.get(pk=request.pk).email == "someone@example.com"


@pytest.mark.parametrize("state", ["pending", "sending"])
def test_an_address_is_kept_until_the_mail_is_sent(built, state):
    built(email="someone@example.com")
    Delivery.objects.update(state=state)
    assert personal_data.addresses() == set()
    assert personal_data.replace_address("someone@example.com", "gone") == 0


def test_anonymize_goes_through_requests_and_mails_once(built):
    built(email="Someone@example.com")
    out = StringIO()
    call_command("anonymize", stdout=out)
    assert "requests: 1 address replaced in 2 rows" in out.getvalue()
    assert (PackageRequest.objects.get().email, Delivery.objects.get().address) == (HASHED, HASHED)
    call_command("anonymize", stdout=out)
    assert (PackageRequest.objects.get().email, Delivery.objects.get().address) == (HASHED, HASHED)


def test_nobody_is_written_to_once_the_address_is_gone(built, ckan, mailoutbox):
    ckan.faults.clear()
    request = built(email="someone@example.com", parameters={"filters": {"no such field": 1}})
    personal_data.replace_address("someone@example.com", HASHED)
    mailoutbox.clear()
    requests.retry(request.pk)
    run_tasks()
    assert not mailoutbox
    assert Delivery.objects.exclude(address=HASHED).count() == 0
