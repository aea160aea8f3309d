"""The same parameters, whoever asks, give the same package while it is fresh."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from packager.lifecycle import requests
from packager.models import Package, Queue, Status
from packager.storage import stores
from packager.streaming.formats import registry
from packager.streaming.formats.base import Versioned
from tests.packager.conftest import run_tasks


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
    stores.default().delete(first.package.stored_as)
    assert built().package != first.package


def test_csv_and_no_format_are_the_same(post, portal):
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


def test_the_metadata_that_come_by_default_count(built, settings):
    first = built()
    settings.PACKAGER_METADATA = False
    assert built().package != first.package
    settings.PACKAGER_METADATA = True
    assert built().package == first.package


def test_metadata_asked_for_are_those_that_come_by_default(built, settings):
    assert built(options={"metadata": True}).package == built().package
    settings.PACKAGER_METADATA = False
    assert built(options={"metadata": True}).cached
    assert not built(options={"metadata": False}).cached


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("PACKAGER_DWC_ID_FIELD", "catalogNumber"),
        ("PACKAGER_DWC_CORE_EXTENSION", "Taxon"),
        ("PACKAGER_DWC_ADDITIONAL_EXTENSIONS", ["MeasurementOrFact"]),
        ("PACKAGER_DWC_DYNAMIC_TERM", "occurrenceRemarks"),
        ("PACKAGER_DWC_EXTENSION_FIELDS", {"pictures": {"extension": "Multimedia"}}),
    ],
)
def test_the_settings_of_darwin_core_count_for_its_archives_alone(submission, settings, setting, value):
    archive, table = submission(format="dwca"), submission()
    before = archive.fingerprint, table.fingerprint
    setattr(settings, setting, value)
    assert archive.fingerprint != before[0]
    assert table.fingerprint == before[1]


def test_what_a_definition_of_darwin_core_says_counts(submission, settings, tmp_path):
    definition = tmp_path / "core.xml"
    text = (
        '<extension xmlns="http://rs.gbif.org/extension/" rowType="http://example.org/Thing">'
        '<property name="{}" qualName="http://example.org/{}"/>'
        '<property name="dynamicProperties" qualName="http://example.org/dynamicProperties"/></extension>'
    )
    definition.write_text(text.format("size", "size"))
    settings.PACKAGER_DWC_CORE_EXTENSION = str(definition)
    archive = submission(format="dwca")
    before = archive.fingerprint
    assert archive.fingerprint == before
    definition.write_text(text.format("weight", "weight"))
    assert archive.fingerprint != before


def test_what_another_edition_of_the_format_wrote_is_not_handed_out(built, monkeypatch):
    first = built(format="jsonl")
    assert built(format="jsonl").cached
    monkeypatch.setattr("packager.streaming.formats.jsonl.JsonLines.version", 99)
    assert built(format="jsonl").package != first.package


@pytest.mark.parametrize("format", list(registry.builtin()), ids=lambda format: format.name)
def test_every_format_of_the_portal_tells_its_edition(format):
    assert isinstance(format, Versioned)


def test_a_format_without_a_version_is_its_first_edition(submission, monkeypatch):
    plain = submission(format="jsonl").fingerprint
    monkeypatch.delattr("packager.streaming.formats.jsonl.JsonLines.version")
    assert submission(format="jsonl").fingerprint == plain


def test_what_another_release_of_the_portal_made_is_not_handed_out(submission, monkeypatch):
    plain = submission().fingerprint
    monkeypatch.setattr("packager.submission.VERSION", "99")
    assert submission().fingerprint != plain


def test_a_package_is_kept_by_what_it_was_made_with(built, submission, settings):
    settings.PACKAGER_METADATA = False
    late = requests.submit(submission())
    settings.PACKAGER_METADATA = True
    run_tasks()
    late.refresh_from_db()
    settings.PACKAGER_METADATA = False
    assert not built().cached
    settings.PACKAGER_METADATA = True
    assert built().package == late.package


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
