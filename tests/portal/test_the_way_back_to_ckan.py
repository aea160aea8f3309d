"""From a resource in the admin to its page in CKAN."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import timezone

from demo.ckan import DemoCkan
from packager.intake import quick_look
from packager.models import PackageRequest


@pytest.fixture(autouse=True)
def time_for_a_busy_machine(monkeypatch):
    """A look at a CKAN may take long here."""
    monkeypatch.setattr(quick_look, "SECONDS", 60)


@pytest.fixture
def ckan() -> Iterator[DemoCkan]:
    with DemoCkan(rows=10) as running:
        yield running


def ask(resource_id: str, api_url: str) -> None:
    now = timezone.now()
    PackageRequest.objects.create(
        kind="datastore", resource_id=resource_id, api_url=api_url, format="csv", fingerprint="x", queue="fast",
        created_at=now, queued_at=now,
    )  # fmt: skip


def test_the_link_leads_to_the_page_of_the_resource(admin_client, ckan):
    resource = ckan.resources["small"].id
    ask(resource, ckan.api_url)
    answer = admin_client.get(f"/admin/ckan/{resource}/")
    assert answer.status_code == 302
    site = ckan.api_url.partition("/api/")[0]
    assert answer["Location"].startswith(f"{site}/dataset/")
    assert answer["Location"].endswith(f"/resource/{resource}")


def test_a_ckan_that_does_not_know_the_resource_is_shown_itself(admin_client, ckan):
    ask("gone", ckan.api_url)
    assert admin_client.get("/admin/ckan/gone/")["Location"] == ckan.api_url.partition("/api/")[0]


def test_what_nobody_asked_for_has_no_page(admin_client, db):
    assert admin_client.get("/admin/ckan/never/").status_code == 404


def test_a_ckan_that_says_nothing_is_shown_itself(admin_client, ckan, monkeypatch):
    monkeypatch.setattr(quick_look, "SECONDS", 0.2)
    ckan.faults.add("hang", seconds=60, path="/api/")
    ask("silent", ckan.api_url)
    assert admin_client.get("/admin/ckan/silent/")["Location"] == ckan.api_url.partition("/api/")[0]


def test_a_site_that_is_no_longer_allowed_is_shown_itself(admin_client, ckan, settings):
    resource = ckan.resources["small"].id
    ask(resource, ckan.api_url)
    settings.PACKAGER_CKAN_HOSTS = ("data.example.org",)
    assert admin_client.get(f"/admin/ckan/{resource}/")["Location"] == ckan.api_url.partition("/api/")[0]
    assert ckan.requests == []
