"""Requesters read what the data is called; ids are one click away."""

from __future__ import annotations

import json

from django.core import mail

from packager.models import Delivery, PackageError
from packager.presentation.serializers import ErrorSerializer, PackageRequestSerializer
from tests.packager.conftest import unpacked
from tests.requester.conftest import page, words

NAMES = ("A thousand specimens", "Example specimens", "Example Museum")


def test_the_page_has_the_names_and_the_ids_only_on_demand(built, portal):
    request = built()
    answer = portal.get(page(request))
    shown, _, ids = answer.content.decode().partition('<details class="ids">')
    assert "<h1>A thousand specimens</h1>" in shown
    assert "<title>Ready: A thousand specimens" in shown
    assert all(name in shown for name in NAMES)
    assert request.resource_id not in shown
    assert request.resource_id in ids
    assert str(request.pk) in ids


def test_where_nobody_knows_a_name_the_page_says_your_package(built, portal, ckan):
    ckan.faults.add("status", path="resource_show", status=500, times=100)
    request = built()
    text = words(portal.get(page(request)))
    assert "Ready: your package" in text
    assert f"Resource {request.resource_id[:8]}… Data portal" in text


def test_mails_name_the_resource_in_subject_and_body(built, ckan):
    request = built()
    built(resource_id=ckan.resources["small"].id, parameters={"filters": {"no_such": 1}})
    ready, failed = mail.outbox
    assert ready.subject == "Your data is ready: A thousand specimens"
    assert failed.subject == "We couldn't create your package: A thousand specimens"
    for sent in (ready, failed):
        for part in (sent.body, sent.alternatives[0][0]):
            assert all(name in part for name in NAMES)
            assert request.resource_id not in part


def test_a_long_title_does_not_fill_the_subject(built, ckan, monkeypatch):
    monkeypatch.setattr(ckan.resources["small"], "title", "specimens " * 60)
    built()
    assert len(mail.outbox[0].subject) < 130


def test_the_readme_of_a_file_has_the_names_that_ckan_gives_it(built, portal, ckan):
    stored = ckan.resources["small"].show(ckan.url)["url"]
    request = built(kind="url", format="", api_url="", resource_url=stored)
    inside = unpacked(portal, request)
    readme = inside["README.txt"].decode()
    assert readme.startswith("A thousand specimens\n====")
    assert "Dataset: Example specimens\nPublished by: Example Museum\n" in readme
    assert json.loads(inside["datapackage.json"])["title"] == "A thousand specimens"


def test_the_api_tells_names_of_requests_and_failures(built):
    request = built(parameters={"filters": {"no_such": 1}})
    error = PackageError.objects.get(request=request)
    for told in (PackageRequestSerializer(request).data, ErrorSerializer(error).data):
        assert (told["resource_title"], told["dataset_title"]) == NAMES[:2]


def test_a_private_name_is_in_the_mail_of_who_could_read_it_and_nowhere_else(built, ckan, portal):
    private = ckan.resources["private"].id
    built(resource_id=private, key=ckan.token, email="curator@example.org")
    stranger = built(resource_id=private, email="grace@example.org")
    by_address = {sent.to[0]: sent for sent in mail.outbox}
    assert "For those with a token" in by_address["curator@example.org"].subject
    refused = by_address["grace@example.org"]
    assert "token" not in refused.subject + refused.body + refused.alternatives[0][0]
    assert "For those with a token" not in portal.get(page(stranger)).content.decode()
    assert Delivery.objects.count() == 2
