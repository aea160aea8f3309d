"""Every variable of the contract: its default, and that it does what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core import mail

from packager.models import Queue
from stats import queries

ROOT = Path(__file__).resolve().parents[2]
VAR = ROOT / "var"
#: Variable -> what Django's settings hold if it is not set. Lists stand for tuples, too.
DEFAULTS = {
    "DEBUG": {"DEBUG": False},
    "ALLOWED_HOSTS": {"ALLOWED_HOSTS": ["127.0.0.1", "localhost"]},
    "PUBLIC_URL": {"PUBLIC_URL": "http://127.0.0.1:8000"},
    "DATABASE_URL": {"DATABASES.default.NAME": str(VAR / "portal.sqlite3")},
    "EMAIL_URL": {
        "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        "EMAIL_FILE_PATH": str(VAR / "mail"),
    },
    "PACKAGER_BROKER_URL": {"Q_CLUSTER.orm": "default"},
    "PACKAGER_SECRET": {"PACKAGER_SECRET": ""},
    "PACKAGER_STORE_DIRECTORY": {"PACKAGER_STORE_DIRECTORY": str(VAR / "packages")},
    "PACKAGER_STORE_URL": {"PACKAGER_STORE_URL": ""},
    "PACKAGER_STORE_REDIRECT": {"PACKAGER_STORE_REDIRECT": False},
    "PACKAGER_STORE_QUOTA": {"PACKAGER_STORE_QUOTA": 0},
    "PACKAGER_STORE_EXPIRE_OLDEST": {"PACKAGER_STORE_EXPIRE_OLDEST": True},
    "PACKAGER_TEMP_DIRECTORY": {"PACKAGER_TEMP_DIRECTORY": str(VAR / "tmp")},
    "PACKAGER_CACHE_TIME": {"PACKAGER_CACHE_TIME": 86400},
    "PACKAGER_EXPIRY_DAYS": {"PACKAGER_EXPIRY_DAYS": 7},
    "PACKAGER_PAGE_SIZE": {"PACKAGER_PAGE_SIZE": 32000},
    "PACKAGER_SLOW_REQUEST": {"PACKAGER_SLOW_REQUEST": 50000},
    "PACKAGER_METADATA": {"PACKAGER_METADATA": True},
    "PACKAGER_ANONYMIZE_EMAILS": {"PACKAGER_ANONYMIZE_EMAILS": False},
    "PACKAGER_CKAN_HOSTS": {"PACKAGER_CKAN_HOSTS": []},
    "PACKAGER_DWC_ID_FIELD": {"PACKAGER_DWC_ID_FIELD": "_id"},
    "PACKAGER_DWC_CORE_EXTENSION": {"PACKAGER_DWC_CORE_EXTENSION": ""},
    "PACKAGER_DWC_ADDITIONAL_EXTENSIONS": {"PACKAGER_DWC_ADDITIONAL_EXTENSIONS": []},
    "PACKAGER_DWC_DYNAMIC_TERM": {"PACKAGER_DWC_DYNAMIC_TERM": "dynamicProperties"},
    "PACKAGER_DWC_EXTENSION_FIELDS": {"PACKAGER_DWC_EXTENSION_FIELDS": {}},
    "PLUGINS": {"PLUGINS": []},
    "SENTRY_DSN": {"SENTRY_DSN": ""},
}
SHOW = """
import json, sys
from portal import settings
found = {}
for path in json.loads(sys.argv[1]):
    value = settings
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else getattr(value, step)
    found[path] = value
print(json.dumps(found, default=str))
"""


def _settings(*paths: str, **environment: str) -> dict[str, object]:
    """What the settings hold in a process of their own. Empty variables count as unset, and hide those of ``.env``."""
    given = {**dict.fromkeys(DEFAULTS, ""), "PATH": os.environ["PATH"], "SECRET_KEY": "x" * 50, **environment}
    command = [sys.executable, "-c", SHOW, json.dumps(paths)]
    answer = subprocess.run(command, env=given, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, object] = json.loads(answer.stdout)
    return found


def test_every_variable_has_its_default():
    expected = {path: value for held in DEFAULTS.values() for path, value in held.items()}
    assert _settings(*expected) == expected


def test_addresses_of_servers_are_taken_apart():
    found = _settings(
        "EMAIL_HOST",
        "EMAIL_PORT",
        "EMAIL_HOST_USER",
        "EMAIL_HOST_PASSWORD",
        "EMAIL_USE_TLS",
        "Q_CLUSTER.redis",
        "Q_CLUSTER.orm",
        EMAIL_URL="smtp+tls://ada:pass%40word@mail.example.org:587",
        PACKAGER_BROKER_URL="redis://127.0.0.1:6379/3",
    )
    assert list(found.values()) == [
        "mail.example.org",
        587,
        "ada",
        "pass@word",
        True,
        "redis://127.0.0.1:6379/3",
        None,
    ]


def test_the_message_of_success_is_the_operators(post, settings):
    settings.PACKAGER_SUCCESS_MESSAGE = "Bald ist es da, größe Güte."
    assert post().json()["message"] == "Bald ist es da, größe Güte."


def test_links_start_with_the_public_address(made, settings):
    settings.PUBLIC_URL = "https://packages.example.org/here"
    request = made()
    for link in (request.status_url, request.download_url):
        assert link.startswith("https://packages.example.org/here/")
    assert request.download_url in mail.outbox[0].body


def test_the_page_size_is_what_ckan_is_asked_for(made, ckan, settings):
    settings.PACKAGER_PAGE_SIZE = 100
    made(sort="country")
    limits = [received.body.get("limit") for received in ckan.requests if received.path.endswith("datastore_search")]
    assert max(limits) == 100


def test_the_line_between_fast_and_slow_is_a_setting(made, settings):
    settings.PACKAGER_SLOW_REQUEST = 9
    assert [made(limit=limit).queue for limit in ("9", "10")] == [Queue.FAST, Queue.SLOW]


def test_a_cache_time_of_nothing_builds_every_time(made, settings):
    settings.PACKAGER_CACHE_TIME = 0
    assert made().package != made(email="grace@example.org").package


def test_a_cached_package_is_mailed_and_counted_as_well(made, ckan):
    made()
    again = made(email="grace@example.org", secret="open sesame")
    assert again.cached
    assert [message.to for message in mail.outbox] == [["ada@example.org"], ["grace@example.org"]]
    assert queries.totals()[ckan.id("small")] == {"emails": 2, "requests": 2, "errors": 0}


def test_the_darwin_core_settings_shape_the_archive(members, settings):
    settings.PACKAGER_DWC_ID_FIELD = "occurrenceID"
    settings.PACKAGER_DWC_DYNAMIC_TERM = "occurrenceRemarks"
    settings.PACKAGER_DWC_EXTENSION_FIELDS = {}
    found = members("/package_dwc_archive")
    header, first = found["occurrence.csv"].decode().split("\n")[:2]
    assert first.startswith("urn:uuid:5eed0000-")
    assert "occurrenceRemarks" in header
    assert b"http://rs.tdwg.org/dwc/terms/occurrenceRemarks" in found["meta.xml"]


def test_another_core_and_more_extensions_can_be_chosen(members, settings):
    settings.PACKAGER_DWC_CORE_EXTENSION = "Taxon"
    settings.PACKAGER_DWC_ADDITIONAL_EXTENSIONS = ["MeasurementOrFact"]
    found = members("/package_dwc_archive")
    assert next(iter(found)) == "taxon.csv"
    assert b"http://rs.tdwg.org/dwc/terms/Taxon" in found["meta.xml"]


@pytest.mark.parametrize("name", ["fast", "slow", "mail"])
def test_the_name_of_the_cluster_selects_its_queue(name):
    assert _settings("Q_CLUSTER_NAME", Q_CLUSTER_NAME=name) == {"Q_CLUSTER_NAME": name}


def test_only_the_named_hosts_are_answered(portal, settings):
    settings.ALLOWED_HOSTS = ["packages.example.org"]
    assert portal.get("/", headers={"host": "packages.example.org"}).status_code == 200
    assert portal.get("/healthz", headers={"host": "packages.example.org"}).status_code == 200
    assert portal.get("/", headers={"host": "evil.example.org"}).status_code == 400


def test_the_templates_of_the_mail_are_the_operators(made, settings, ckan):
    settings.PACKAGER_EMAIL_SUBJECT = "Ready: {resource_id} {unknown}"
    settings.PACKAGER_EMAIL_FROM = "Data of {ckan_host} <data@example.org>"
    settings.PACKAGER_EMAIL_BODY = "{zip_file_name} {doi_body}"
    settings.PACKAGER_EMAIL_BODY_HTML = "<p>{download_url}</p>{doi_body_html}"
    settings.PACKAGER_DOI_BODY, settings.PACKAGER_DOI_BODY_HTML = "DOI: {doi}", "<i>{doi}</i>"
    request = made(doi="10.5072/a&b")
    (message,) = mail.outbox
    assert message.subject == f"Ready: {ckan.id('small')} {{unknown}}"
    assert message.from_email == f"Data of {ckan.host} <data@example.org>"
    assert message.body == f"{request.package.file_name} DOI: 10.5072/a&b"
    assert message.alternatives[0].content == f"<p>{request.download_url}</p><i>10.5072/a&amp;b</i>"
    made(format="tsv")
    assert "DOI" not in mail.outbox[1].body
