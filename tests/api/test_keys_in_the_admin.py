"""Staff make keys and sites in the admin; their secrets are seen once."""

from __future__ import annotations

import json
import re

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.test import Client

from packager.models import PackageRequest
from packager.security.api_keys import ApiKey, authenticate
from packager.security.sites import CkanSite, site_with_secret


@pytest.fixture
def staff_client(portal, django_user_model):
    user = django_user_model.objects.create_superuser("grace", password="x")
    client = Client()
    client.force_login(user)
    return client


def _shown(page):
    return re.findall(r"<code>([^<]+)</code>", page.content.decode())


@pytest.fixture
def key(staff_client):
    form = {"name": "Portal of the museum", "scopes": ["requests:read", "statistics:read"]}
    return _shown(staff_client.post("/admin/packager/apikey/add/", form))[0]


def test_a_new_key_is_shown_once_and_never_again(staff_client, key):
    made = ApiKey.objects.get()
    assert authenticate(key) == made
    assert (made.scopes, made.created_by.username) == (["requests:read", "statistics:read"], "grace")
    for path in ("", f"{made.pk}/change/", f"{made.pk}/history/"):
        page = staff_client.get(f"/admin/packager/apikey/{path}").content.decode()
        assert made.prefix in page
        assert key not in page


def test_the_page_that_shows_it_is_kept_by_no_cache(staff_client):
    page = staff_client.post("/admin/packager/apikey/add/", {"name": "x", "scopes": ["requests:read"]})
    assert "no-store" in page["Cache-Control"]


def test_revoking_is_an_action_and_is_logged(staff_client, key):
    made = ApiKey.objects.get()
    chosen = {"action": "revoke", "_selected_action": [made.pk], "confirmed": "1"}
    staff_client.post("/admin/packager/apikey/", chosen)
    assert authenticate(key) is None
    assert "Revoked." in LogEntry.objects.latest("pk").change_message
    assert staff_client.post(f"/admin/packager/apikey/{made.pk}/delete/").status_code == 403


def test_scopes_can_be_changed_without_touching_the_key(staff_client, key):
    made = ApiKey.objects.get()
    staff_client.post(f"/admin/packager/apikey/{made.pk}/change/", {"name": "Other", "scopes": ["errors:read"]})
    assert authenticate(key).scopes == ["errors:read"]


def test_a_site_gets_a_secret_that_is_shown_once(staff_client):
    form = {"name": "Museum", "url": "https://data.example.org", "active": "on", "notes": ""}
    staff_client.post("/admin/packager/ckansite/add/", form)
    site = CkanSite.objects.get()
    chosen = {"action": "renew_secret", "_selected_action": [site.pk], "confirmed": "1"}
    secret = _shown(staff_client.post("/admin/packager/ckansite/", chosen))[0]
    assert site_with_secret(secret) == site
    assert secret not in staff_client.get(f"/admin/packager/ckansite/{site.pk}/change/").content.decode()
    staff_client.post("/admin/packager/ckansite/", {**chosen, "action": "remove_secret"})
    assert site_with_secret(secret) is None


def test_a_staff_member_without_the_right_makes_no_key(portal, django_user_model):
    django_user_model.objects.create_user("eve", password="x", is_staff=True)
    client = Client()
    client.force_login(django_user_model.objects.get())
    form = {"name": "x", "scopes": ["requests:all"]}
    assert client.post("/admin/packager/apikey/add/", form).status_code == 403
    assert not ApiKey.objects.exists()


def test_a_key_can_be_made_on_the_command_line(portal, capsys):
    call_command("make_api_key", "night job", "--scope", "requests:write", "--json")
    made = authenticate(json.loads(capsys.readouterr().out)["api_key"])
    assert (made.name, made.scopes) == ("night job", ["requests:write"])


def test_the_requests_of_a_revoked_key_stay(staff_client, key, built):
    request = built()
    PackageRequest.objects.update(api_key=ApiKey.objects.get())
    chosen = {"action": "revoke", "_selected_action": [ApiKey.objects.get().pk], "confirmed": "1"}
    staff_client.post("/admin/packager/apikey/", chosen)
    request.refresh_from_db()
    assert request.api_key == ApiKey.objects.get()
