"""One person is deleted everywhere, on their wish; others and what was counted stay."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.db import models
from django.test import Client
from django.utils import timezone

from packager.delivery import unsubscribe
from packager.lifecycle import maintenance
from packager.models import Delivery, MailStop, PackageError, PackageRequest, RequestHistory, Status
from packager.security import encryption
from stats.anonymise import hash_email
from stats.models import DailySum, ErrorRecord, Requester, RequestRecord
from tests.packager.conftest import _ckan, built, ckan, portal, submission
from tests.packager.rows import make

__all__ = ["_ckan", "built", "ckan", "portal", "submission"]

ADA, BEA = "ada@example.org", "bea@example.org"


def erase(address: str = ADA, **options: object) -> str:
    out = io.StringIO()
    call_command("erase_person", address, no_input=True, stdout=out, **options)
    return out.getvalue()


def everything() -> str:
    """Every row of every table of ours, as text."""
    ours = ("packager", "stats", "django_q", "admin")
    tables = [model for model in apps.get_models() if model._meta.app_label in ours]
    return str([list(model._default_manager.values()) for model in tables]).lower()


@pytest.fixture
def served(built):
    """Ada and Bea were served; Ada also failed, was written otherwise, hashed, and taken over from before."""
    built(email=ADA)
    built(email=BEA, parameters={"limit": 1})
    (failed,) = make(1, Status.FAILED, email="Ada@Example.org")
    now = timezone.now()
    PackageError.objects.create(
        request=failed, resource_id="birds", attempt=1, code="internal", retryable=False, message="", at=now
    )
    make(1, Status.SUCCEEDED, email=hash_email(ADA), finished_at=now)
    old = {"at": now, "resource_id": "old", "email": hash_email(ADA), "domain": "example.org"}
    RequestRecord.objects.create(**old)
    ErrorRecord.objects.create(**{**old, "email": "ADA@example.org"})
    Requester.objects.create(resource_id="old", email=hash_email(ADA))


def test_nothing_of_the_person_is_left_and_nothing_of_others_is_lost(served):
    assert ADA in everything()
    counted = DailySum.objects.aggregate(models.Sum("requests"))
    said = erase()
    left = everything()
    assert ADA not in left
    assert hash_email(ADA).lower() not in left
    assert BEA in left
    assert (PackageRequest.objects.count(), Delivery.objects.count()) == (1, 1)
    assert not RequestHistory.objects.exclude(request__email=BEA).exists()
    assert not PackageError.objects.exists()
    assert DailySum.objects.aggregate(models.Sum("requests")) == counted
    assert "Deleted: 3 requests" in said
    assert ADA not in said.lower()


def test_the_references_under_which_logs_know_the_person_are_told(served):
    reference = PackageError.objects.get().reference
    assert f"Known in logs as {reference}" in erase()


def test_a_dry_run_only_counts(served):
    before = everything()
    assert "Found: 3 requests, 3 statistics records" in erase(dry_run=True)
    assert everything() == before


def test_what_is_under_way_is_cancelled_and_others_who_joined_go_on(portal):
    (leader,) = make(1, Status.QUEUED, email=ADA, fingerprint="same")
    (follower,) = make(1, Status.QUEUED, email=BEA, fingerprint="same", leader=leader)
    erase()
    follower.refresh_from_db()
    assert (follower.status, follower.leader) == (Status.QUEUED, None)
    assert PackageRequest.objects.count() == 1
    assert Delivery.objects.count() == 0


def test_links_of_the_person_lead_nowhere_afterwards(built, portal):
    request = built(email=ADA)
    path = f"/requests/{request.token}/"
    assert portal.get(path).status_code == 200
    erase()
    assert portal.get(path).status_code == 404


def test_the_wish_for_no_mails_is_kept(served):
    unsubscribe.unsubscribe(encryption.address_marks(ADA)[0])
    erase()
    assert MailStop.objects.count() == 1


def test_it_asks_first(served, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _: "no")
    with pytest.raises(CommandError, match="Nothing was deleted"):
        call_command("erase_person", ADA, stdout=io.StringIO())
    assert PackageRequest.objects.count() == 4


@pytest.mark.parametrize(("may", "status"), [(True, 200), (False, 403)])
def test_the_page_of_the_admin_does_the_same_for_those_who_may(served, may, status):
    user = User.objects.create_user("staff", is_staff=True)
    if may:
        user.user_permissions.add(Permission.objects.get(codename="erase_packagerequest"))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    look = client.post("/admin/erase/", {"address": ADA})
    assert look.status_code == status
    assert ("Found: 3 requests" in look.content.decode()) is may
    assert PackageRequest.objects.count() == 4
    client.post("/admin/erase/", {"address": ADA, "confirmed": "1"})
    assert PackageRequest.objects.count() == (1 if may else 4)
    assert (ADA in everything()) is not may


def test_addresses_and_requests_that_are_over_for_long_enough_are_deleted(portal, settings):
    now = timezone.now()
    make(1, Status.SUCCEEDED, email=ADA, finished_at=now - timedelta(days=91))
    make(1, Status.FAILED, email=ADA, finished_at=now - timedelta(days=800), fingerprint="old")
    make(1, Status.SUCCEEDED, email=BEA, finished_at=now - timedelta(days=1), fingerprint="new")
    make(1, Status.QUEUED, email=BEA, fingerprint="waits")
    maintenance.expire_packages()
    assert PackageRequest.objects.exclude(email="").count() == 4
    settings.PACKAGER_KEEP_ADDRESSES_DAYS, settings.PACKAGER_KEEP_REQUESTS_DAYS = 90, 730
    maintenance.expire_packages()
    assert PackageRequest.objects.count() == 3
    assert set(PackageRequest.objects.exclude(email="").values_list("email", flat=True)) == {BEA}


def test_every_table_with_an_address_is_named_in_the_page_about_privacy():
    page = (Path(settings.BASE_DIR) / "docs/privacy.md").read_text()
    personal = {"email", "address", "ip_address"}
    tables = [m for m in apps.get_models() if m._meta.app_label in ("packager", "stats", "pusher", "messaging")]
    named = [m.__name__ for m in tables if personal & {field.name for field in m._meta.get_fields()}]
    assert [name for name in named if name not in page] == []
    assert len(named) >= 5
