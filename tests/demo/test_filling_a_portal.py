"""``fill_demo`` invents requests where nobody's requests would mix with them."""

from __future__ import annotations

import re

import pytest
from django.core.management import CommandError, call_command

from packager.models import PackageRequest, Status
from tests.packager.rows import make

HOW_MANY = ("--requests", "20", "--errors", "5")


@pytest.mark.django_db
def test_what_was_asked_of_the_sample_ckan_may_be_there():
    (sample,) = make(1, Status.SUCCEEDED, ckan_host="127.0.0.1:43211", fingerprint="sample")
    call_command("fill_demo", *HOW_MANY)
    assert PackageRequest.objects.count() == 21
    assert PackageRequest.objects.filter(pk=sample.pk).exists()


@pytest.mark.django_db
def test_requests_of_others_are_not_mixed_with_invented_ones():
    make(1, Status.SUCCEEDED, ckan_host="data.museum.example", fingerprint="theirs")
    with pytest.raises(CommandError, match=re.escape("data.museum.example already")):
        call_command("fill_demo", *HOW_MANY)
    assert PackageRequest.objects.count() == 1


@pytest.mark.django_db
def test_it_fills_once():
    call_command("fill_demo", *HOW_MANY)
    with pytest.raises(CommandError, match=re.escape("data.example.org already")):
        call_command("fill_demo", *HOW_MANY)
