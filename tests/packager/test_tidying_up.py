"""What nobody needs any more goes."""

from __future__ import annotations

import os
from datetime import timedelta

import time_machine
from django.utils import timezone

from packager import caretaker, requests, stores
from packager.models import PackageRequest, Status


def _age(name: str) -> None:
    os.utime(stores.default().path(name), (1, 1))


def test_a_file_that_no_package_knows_goes_after_a_day(built):
    store = stores.default()
    known, stray, young = built().package.stored_as, store.save([b"x"]).name, store.save([b"y"]).name
    _age(known)
    _age(stray)
    caretaker.expire_packages()
    assert (store.has(known), store.has(stray), store.has(young)) == (True, False, True)


def test_files_that_are_not_ours_stay(built):
    built()
    foreign = stores.default().directory / "ab" / "notes.zip"
    foreign.parent.mkdir(exist_ok=True)
    foreign.write_bytes(b"x")
    os.utime(foreign, (1, 1))
    caretaker.expire_packages()
    assert foreign.exists()


def test_the_key_of_a_request_that_was_given_up_is_not_kept_for_ever(portal, submission, settings):
    request = requests.submit(submission(key="eyJkey"))
    requests.cancel(request.pk)
    caretaker.expire_packages()
    assert PackageRequest.objects.get().sealed_key
    with time_machine.travel(timezone.now() + timedelta(days=settings.PACKAGER_EXPIRY_DAYS, hours=1)):
        caretaker.expire_packages()
    assert PackageRequest.objects.get().sealed_key == ""


def test_the_key_goes_as_soon_as_the_package_is_there(built):
    request = built(key="eyJkey")
    assert (request.status, request.sealed_key) == (Status.SUCCEEDED, "")
