"""The list of fields that a request carries: each is kept, comes back, is read by the doors, and counts or does not."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from packager.api import legacy
from packager.api.v1.serializers import PackageRequestCreateSerializer
from packager.intake import acceptance
from packager.lifecycle import requests
from packager.models import PackageRequest
from packager.presentation.serializers import PackageRequestSerializer
from packager.security import api_keys
from packager.submission import FIELDS, Submission, from_request

#: A value by the reader of a field, other than its default.
SAMPLES = {
    "text": "some text",
    "email": "ada@example.org",
    "language": "de",
    "address": "https://hooks.example.org/x",
}
#: The same for fields that are read in a way of their own, of a table and of a file.
TABLE: dict[str, Any] = {
    "kind": "datastore",
    "resource_id": "birds",
    "format": "dwca",
    "api_url": "http://127.0.0.1:9/api/3/action/datastore_search",
    "parameters": {"filters": {"year": 1900}, "fields": ["_id"], "limit": 3},
    "options": {"dialect": "tsv", "eml": "<eml/>", "for_gbif": True},
}
FILE = {"kind": "url", "resource_id": "map", "format": "", "resource_url": "http://127.0.0.1:9/map.tif"}
#: What the ckanpackager endpoints do not take, and why.
NOT_LEGACY = {
    "language": "ckanpackager writes in one language",
    "webhook_url": "ckanpackager calls nobody",
    "requester": "ckanpackager knows no owners of keys",
}
#: What the answers of the API do not hold under a name of the list, and why.
NOT_TOLD = {"key": "it is a secret"}
#: What does not shape the package, and why.
SHAPELESS = {
    "email": "whoever asks gets the same",
    "language": "it is the language of the mail",
    "webhook_url": "whoever is told gets the same",
    "requester": "without a key everybody gets the same",
    "owner": "without a key everybody gets the same",
}
#: What nobody asks for: the portal puts it down when a request comes in.
PUT_DOWN = {"owner", "data_version"}


def sample(**own: Any) -> Submission:
    carried = {name: SAMPLES[rule.reader] for name, rule in FIELDS.items() if rule.api}
    return Submission(**{**carried, **own})


def test_each_has_a_column_that_is_wide_enough():
    for name, rule in FIELDS.items():
        column = PackageRequest._meta.get_field(rule.column or name)
        assert (column.max_length or rule.most) >= rule.most, name


def test_the_samples_leave_none_out():
    given = {name for wanted in (sample(**TABLE), sample(**FILE)) for name in FIELDS if getattr(wanted, name)}
    assert given == set(FIELDS) - PUT_DOWN


@pytest.mark.parametrize("own", [TABLE, FILE], ids=["table", "file"])
def test_all_are_saved_and_come_back(portal, own):
    wanted = acceptance.check(sample(**own, key="eyJsecret"))
    saved = PackageRequest.objects.get(pk=requests.submit(wanted).pk)
    assert from_request(saved) == wanted
    assert "eyJsecret" not in str(vars(saved))


def body_of(wanted: Submission, door: str) -> dict[str, Any]:
    """What one would send to have ``wanted``."""
    carried = {getattr(rule, door): getattr(wanted, name) for name, rule in FIELDS.items() if getattr(rule, door)}
    own = {name: getattr(wanted, name) for name in ("kind", "resource_id", "format", "api_url", "resource_url")}
    return {**carried, **{name: value for name, value in own.items() if value}, **wanted.parameters}


@pytest.mark.parametrize("own", [TABLE, FILE], ids=["table", "file"])
def test_the_api_reads_all(own):
    wanted = sample(**own)
    options = {"options": wanted.options} if wanted.options else {}
    question = PackageRequestCreateSerializer(data={**body_of(wanted, "api"), **options})
    question.is_valid(raise_exception=True)
    assert question.submission == wanted


@pytest.mark.parametrize(
    ("view", "own"),
    [(legacy.PackageDwcArchiveView, TABLE), (legacy.PackageUrlView, FILE)],
    ids=["table", "file"],
)
def test_the_ckanpackager_endpoints_read_all_that_they_take(view, own):
    wanted = sample(**own)
    archive = {**wanted.options, "format": wanted.options["dialect"]} if wanted.options else {}
    read = view().submission({**body_of(wanted, "legacy"), **archive})
    assert {name for name in FIELDS if getattr(read, name) != getattr(wanted, name)} == set(NOT_LEGACY)
    assert {getattr(read, name) for name in NOT_LEGACY} == {""}


def test_the_answer_of_the_api_tells_all_but_secrets(portal):
    saved = requests.submit(sample(**TABLE))
    PackageRequest.objects.update(api_key=api_keys.issue("a test").api_key)
    saved.refresh_from_db()
    told = PackageRequestSerializer(saved, context={"reader": saved.api_key}).data
    carried = {name: told.get(rule.api) for name, rule in FIELDS.items() if rule.api}
    assert {name for name, value in carried.items() if value is None} == set(NOT_TOLD)
    assert all(value == getattr(saved, name) for name, value in carried.items() if name not in NOT_TOLD)


def test_what_is_too_long_is_refused_by_the_name_that_the_caller_knows(portal):
    for name, rule in FIELDS.items():
        if rule.most:
            with pytest.raises(acceptance.RequestError, match=rule.api or name):
                acceptance.check(replace(sample(**TABLE), **{name: "x" * (rule.most + 1)}))


def test_a_field_makes_another_package_if_the_list_says_so():
    plain, other = sample(**TABLE, key=""), {"kind": "url", "format": "csv", "parameters": {}, "options": {}}
    same = set()
    for name in FIELDS:
        changed = replace(plain, **{name: other.get(name, "another")})
        if changed.fingerprint == plain.fingerprint:
            same.add(name)
    assert same == {name for name, rule in FIELDS.items() if not rule.shapes} == set(SHAPELESS)


def test_every_field_is_in_the_list():
    assert [found.name for found in fields(Submission)] == list(FIELDS)
