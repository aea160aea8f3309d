"""The admin is in English, whatever the browser or the installation speaks; pages for requesters are not concerned."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from packager.models import PackageError, Status
from tests.packager.rows import make

GERMAN = {"Accept-Language": "de-AT,de;q=0.9"}
#: Words of Django's own German pages.
THEIRS = ("Minuten", "Anmelden", "Abmelden", "Suchen", "Auswählen", "Vor ", "hinzufügen", "Übersicht", "Stunden")
PAGES = (
    "/admin/",
    "/admin/now/",
    "/admin/packager/packagerequest/",
    "/admin/packager/packageerror/",
    "/admin/packager/packageerror/causes/",
    "/admin/packager/ckansite/add/",
    "/admin/auth/user/add/",
    "/admin/statistics/",
    "/admin/jsi18n/",
)


@pytest.fixture
def failure(db) -> None:
    at = timezone.now() - timedelta(minutes=4)
    (request,) = make(1, Status.FAILED, error_code="store_full", created_at=at, finished_at=at)
    PackageError.objects.create(
        request=request, resource_id="birds", attempt=1, code="store_full", retryable=True, message="No room.", at=at
    )


@pytest.mark.parametrize("path", PAGES)
def test_no_page_of_the_admin_is_in_another_language(admin_client, failure, path, settings):
    settings.LANGUAGE_CODE = "de"
    answer = admin_client.get(path, headers=GERMAN)
    html = answer.content.decode()
    assert answer["Content-Language"] == "en"
    assert [word for word in THEIRS if word in html] == []


def test_ages_are_english(admin_client, failure):
    html = admin_client.get("/admin/", headers=GERMAN).content.decode().replace("\xa0", " ")
    assert "4 minutes ago" in html
    assert '<html lang="en-us"' in html or '<html lang="en"' in html


def test_the_login_is_english(client, db):
    html = client.get("/admin/login/", headers=GERMAN).content.decode()
    assert "Log in" in html
    assert "Anmelden" not in html


def test_other_pages_speak_the_language_of_the_reader(client, db):
    assert client.get("/", headers=GERMAN)["Content-Language"] == "de"
