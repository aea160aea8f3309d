"""Addresses as hashes: when they are made, what they look like, and that nothing is hashed twice."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from stats import queries
from stats.anonymise import hash_email, is_hashed, register
from stats.models import ErrorRecord, Requester, RequestRecord
from tests.stats.happenings import failed, served

VECTOR = "$2b$12$MDAwMDAwMGV4YW1wbGUuYuw1lwx67Zsjz.1gVNSqFn2UUb06lQGU."


def anonymize(*arguments: str) -> str:
    out = StringIO()
    call_command("anonymize", *arguments, stdout=out)
    return out.getvalue()


def test_the_hash_is_that_of_ckanpackager():
    assert hash_email("someone@example.com") == VECTOR


def test_upper_case_makes_no_difference_to_the_hash():
    assert hash_email("SomeOne@Example.COM") == VECTOR


def test_a_hash_is_not_hashed_again():
    assert hash_email(VECTOR) == VECTOR
    assert is_hashed(VECTOR)
    assert not is_hashed("someone@example.com")


@pytest.mark.parametrize(
    "address",
    [
        "jürgen@müller.example",
        "no-domain",
        "a@>>>>>>>>>>>>>>>>>>>>~~~~~~",
        "a@" + "ÿ" * 20,
        "x" * 100 + "@long.example",
    ],
)
def test_any_text_can_be_hashed(address):
    assert is_hashed(hash_email(address))


def test_nothing_stays_nothing():
    assert hash_email("") == ""


@pytest.mark.django_db
def test_with_the_setting_addresses_are_hashed_before_they_are_stored(settings):
    settings.PACKAGER_ANONYMIZE_EMAILS = True
    served(email="Someone@Example.com")
    failed(email="someone@example.com")
    stored = [
        *RequestRecord.objects.values_list("email", "domain"),
        *ErrorRecord.objects.values_list("email", "domain"),
    ]
    assert stored == [(VECTOR, "example.com")] * 2
    assert set(Requester.objects.values_list("email", flat=True)) == {VECTOR}


@pytest.mark.django_db
@pytest.mark.parametrize("hashed", [True, False])
@pytest.mark.parametrize("asked", ["someone@example.com", "Someone@example.com", VECTOR])
def test_an_address_finds_its_records_plain_and_hashed(settings, hashed, asked):
    settings.PACKAGER_ANONYMIZE_EMAILS = hashed
    served(email="someone@example.com")
    if asked != VECTOR or hashed:
        assert len(queries.requests(email=asked)) == 1
    assert queries.requests(email="other@example.com") == []


@pytest.mark.django_db
def test_anonymize_replaces_all_addresses_and_keeps_the_domain():
    served(email="Someone@example.com")
    served("fish", email="someone@example.com")
    failed(email="someone@example.com")
    anonymize()
    assert set(RequestRecord.objects.values_list("email", "domain")) == {(VECTOR, "example.com")}
    assert ErrorRecord.objects.get().email == VECTOR
    assert set(Requester.objects.values_list("resource_id", "email")) == {
        ("*", VECTOR),
        ("birds", VECTOR),
        ("fish", VECTOR),
    }


@pytest.mark.django_db
def test_anonymize_twice_changes_nothing_more():
    served()
    anonymize()
    before = list(RequestRecord.objects.values()), list(Requester.objects.values())
    assert "0 addresses replaced in 0 rows" in anonymize()
    assert (list(RequestRecord.objects.values()), list(Requester.objects.values())) == before


@pytest.mark.django_db
def test_somebody_counted_plain_and_hashed_becomes_one_person(settings):
    served()
    settings.PACKAGER_ANONYMIZE_EMAILS = True
    served()
    assert queries.totals()["*"]["emails"] == 2
    anonymize()
    assert queries.totals()["*"]["emails"] == queries.totals()["birds"]["emails"] == 1


@pytest.mark.django_db
def test_a_dry_run_changes_nothing_and_shows_no_address():
    served()
    said = anonymize("--dry-run")
    assert "statistics: 1 address would be replaced" in said
    assert "someone" not in said
    assert RequestRecord.objects.get().email == "someone@example.com"


@pytest.mark.django_db
def test_other_places_with_addresses_are_anonymised_too(monkeypatch):
    monkeypatch.setattr("stats.anonymise.holders", [])
    shelf = {"someone@example.com": 3}

    class Shelf:
        name = "shelf"

        def plain(self):
            return list(shelf)

        def replace(self, address, hashed):
            shelf[hashed] = shelf.pop(address)
            return 3

    register(Shelf())
    assert anonymize() == "shelf: 1 address replaced in 3 rows.\n"
    assert shelf == {VECTOR: 3}
