"""SECRET_KEY can be changed: what the old one encrypted, signed and named still counts, until nothing hangs on it."""

from __future__ import annotations

import json

import pytest
from django.core import mail
from django.core.management import call_command

from packager.delivery import unsubscribe
from packager.intake.idempotency import Owner
from packager.lifecycle import requests
from packager.models import MailStop, PackageRequest
from packager.security import api_keys, encryption
from tests.packager.conftest import run_tasks

OLD, NEW = "the old key " * 5, "the new key " * 5


@pytest.fixture(autouse=True)
def old_key(settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OLD, []


@pytest.fixture
def change(settings):
    """Changes the key, with the old one still known or not."""

    def to(new: str, *fallbacks: str) -> None:
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = new, list(fallbacks)

    return to


def rotated(capsys) -> dict[str, int]:
    call_command("rotate_keys", json=True)
    return json.loads(capsys.readouterr().out)


def test_what_the_old_key_encrypted_is_read_while_it_is_known(change):
    encrypted = encryption.encrypt("a CKAN key")
    change(NEW, OLD)
    assert encryption.decrypt(encrypted) == "a CKAN key"
    change(NEW)
    assert encryption.decrypt(encrypted) is None


def test_after_rotating_nothing_hangs_on_the_old_key(portal, submission, change, capsys):
    request = requests.submit(submission(key="a CKAN key"))
    issued = api_keys.issue("a test")
    change(NEW, OLD)
    assert rotated(capsys) == {"renewed": 2, "unreadable": 0, "recognised": 0, "unknown": 0}
    assert rotated(capsys)["renewed"] == 0
    change(NEW)
    request.refresh_from_db()
    issued.api_key.refresh_from_db()
    assert encryption.decrypt(request.encrypted_key) == "a CKAN key"
    assert issued.api_key.webhook_secret == issued.webhook_secret


def test_what_nobody_can_read_is_left_and_counted(portal, submission, change, capsys):
    requests.submit(submission(key="a CKAN key"))
    change(NEW)
    assert rotated(capsys)["unreadable"] == 1
    call_command("rotate_keys")
    assert "no SECRET_KEY can decrypt: 1" in capsys.readouterr().out


def test_a_build_under_way_uses_its_key_across_the_change(portal, submission, change, ckan):
    requests.submit(submission(key="a CKAN key"))
    change(NEW, OLD)
    run_tasks()
    searches = [call for call in ckan.requests if "datastore_search" in call.path]
    assert {call.headers.get("authorization") for call in searches} == {"a CKAN key"}


def test_who_unsubscribed_gets_no_mail_before_and_after_the_rotation(built, change, capsys):
    unsubscribe.unsubscribe(encryption.address_marks("Ada@example.org")[0])
    unsubscribe.unsubscribe(encryption.address_marks("stranger@example.org")[0])
    change(NEW, OLD)
    built()
    assert rotated(capsys) == {"renewed": 0, "unreadable": 0, "recognised": 1, "unknown": 1}
    change(NEW)
    built(resource_id="another")
    assert mail.outbox == []
    assert rotated(capsys)["recognised"] == 0
    assert MailStop.objects.count() == 2


def test_links_to_unsubscribe_work_while_the_old_key_is_known(portal, change):
    link = unsubscribe.unsubscribe_url("ada@example.org").removeprefix("http://portal.test")
    change(NEW, OLD)
    assert portal.post(link).status_code == 200
    assert unsubscribe.is_unsubscribed(*encryption.address_marks("ada@example.org"))
    change(NEW)
    assert portal.post(link).status_code == 404


def test_the_same_call_made_again_is_the_same_call(portal, submission, change):
    api_key = api_keys.issue("a test").api_key
    first = requests.submit(submission(), owner=Owner(api_key, "once", "the body"))
    change(NEW, OLD)
    assert requests.submit(submission(), owner=Owner(api_key, "once", "the body")).pk == first.pk
    assert PackageRequest.objects.count() == 1


def test_a_key_that_a_build_erases_meanwhile_stays_erased(portal, submission, change, monkeypatch):
    request = requests.submit(submission(key="a CKAN key"))
    change(NEW, OLD)
    decrypt = encryption.decrypt

    def and_then_it_ends(encrypted: str) -> str | None:
        PackageRequest.objects.update(encrypted_key="")
        return decrypt(encrypted)

    monkeypatch.setattr(encryption, "decrypt", and_then_it_ends)
    call_command("rotate_keys")
    request.refresh_from_db()
    assert request.encrypted_key == ""
