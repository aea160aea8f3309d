"""An owner of an API key asks for many people: each is known by the owner's name for them, and to the owner only."""

from __future__ import annotations

import json

import pytest

from packager.models import PackageRequest, Status
from packager.security.api_keys import Scope
from tests.packager.conftest import run_tasks


@pytest.fixture
def private(body, ckan):
    """A request for a private table, by a person, with a key made for this request."""
    return {**body, "resource_id": ckan.resources["private"].id, "requester": "ada", "key": ckan.token}


def asked(caller, body, **headers):
    made = caller.post("requests/", body, **headers)
    assert made.status_code == 201, made.content
    run_tasks()
    return PackageRequest.objects.get(pk=made.json()["id"])


def test_a_package_made_with_a_key_is_handed_out_again_to_the_same_person(api, private):
    first = asked(api, private)
    assert first.status == Status.SUCCEEDED
    second = asked(api, {**private, "key": "another token of hers"})
    assert (second.cached, second.package) == (True, first.package)


@pytest.mark.parametrize("other", [{"requester": "grace"}, {"requester": ""}])
def test_and_to_nobody_else(api, private, other):
    first = asked(api, private)
    second = asked(api, {**private, **other, "key": "another token"})
    assert first.package is not None
    assert (second.status, second.package) == (Status.FAILED, None)


def test_nor_to_somebody_of_that_name_of_another_owner(api, caller, private):
    asked(api, private)
    stranger = asked(caller(), {**private, "key": "another token"})
    assert (stranger.status, stranger.package) == (Status.FAILED, None)


def test_nor_without_a_key(api, private):
    asked(api, private)
    without = asked(api, {name: value for name, value in private.items() if name != "key"})
    assert (without.status, without.package) == (Status.FAILED, None)


def test_what_everybody_may_read_is_shared_whoever_asks(api, body):
    asked(api, {**body, "requester": "ada"})
    assert asked(api, {**body, "requester": "grace"}).cached


def test_an_estimate_knows_of_the_persons_package(api, private):
    asked(api, private)
    assert api.post("estimate/", private).json()["cached"] is True
    assert api.post("estimate/", {**private, "requester": "grace"}).json()["cached"] is False


def test_the_owner_is_told_the_names_and_nobody_else(api, caller, body):
    made = asked(api, {**body, "requester": "ada"}, Idempotency_Key="call 1")
    overseer = caller(Scope.ALL, Scope.READ)
    for path in (f"requests/{made.pk}/", "requests/"):
        own, others = json.loads(api.get(path).content), json.loads(overseer.get(path).content)
        own, others = (told.get("results", [told])[0] for told in (own, others))
        assert (own["requester"], own["idempotency_key"]) == ("ada", "call 1")
        assert (others["requester"], others["idempotency_key"]) == ("", "")


@pytest.mark.parametrize("name", ["requester=ada", "idempotency_key=call 1"])
def test_only_the_owner_finds_by_the_names(api, caller, body, name):
    asked(api, {**body, "requester": "ada"}, Idempotency_Key="call 1")
    asked(api, {**body, "requester": "grace"}, Idempotency_Key="call 2")
    assert [row["requester"] for row in api.get(f"requests/?{name}").json()["results"]] == ["ada"]
    assert caller(Scope.ALL, Scope.READ).get(f"requests/?{name}").json()["results"] == []


def test_a_webhook_tells_its_owner_the_names(api, body, httpserver, settings):
    settings.PACKAGER_WEBHOOK_HOSTS = [httpserver.host]
    httpserver.expect_request("/told", method="POST").respond_with_data(status=204)
    asked(api, {**body, "requester": "ada", "webhook_url": httpserver.url_for("/told")}, Idempotency_Key="call 1")
    told = json.loads(httpserver.log[0][0].data)["request"]
    assert (told["requester"], told["idempotency_key"]) == ("ada", "call 1")


def test_the_name_goes_with_the_personal_data(api, body):
    from packager.lifecycle import bulk, personal_data

    made = asked(api, {**body, "requester": "ada"})
    bulk.many(personal_data.Forget(), PackageRequest.objects.all())
    made.refresh_from_db()
    assert made.requester == ""
