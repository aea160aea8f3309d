"""What nobody needs any more goes."""

from __future__ import annotations

from datetime import timedelta

import time_machine
from django.utils import timezone

from packager.lifecycle import maintenance, requests
from packager.models import PackageRequest, Status


def test_the_key_of_a_request_that_was_given_up_is_not_kept_for_ever(portal, submission, settings):
    request = requests.submit(submission(key="eyJkey"))
    requests.cancel(request.pk)
    maintenance.expire_packages()
    assert PackageRequest.objects.get().encrypted_key
    with time_machine.travel(timezone.now() + timedelta(days=settings.PACKAGER_EXPIRY_DAYS, hours=1)):
        maintenance.expire_packages()
    assert PackageRequest.objects.get().encrypted_key == ""


def test_the_key_goes_as_soon_as_the_package_is_there(built):
    request = built(key="eyJkey")
    assert (request.status, request.encrypted_key) == (Status.SUCCEEDED, "")
