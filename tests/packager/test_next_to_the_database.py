"""The portal beside CKAN's database: switched on by settings, judged by CKAN, checked without saying its address."""

import pytest
from django.core.management import call_command

from demo.ckan import DemoCkan
from packager.assembly import table_source
from packager.lifecycle import builds, requests
from packager.models import Kind, Status
from packager.security.sites import datastore_url
from packager.streaming.sources.ckan import CkanSource
from packager.streaming.sources.datastore import DatastoreSource
from packager.submission import Submission
from portal import checks
from tests.engine.datastore_tables import datastore

#: Nobody listens there, so that rows come through the API.
NOWHERE = "postgresql://reader:very-secret@127.0.0.1:9/datastore"


@pytest.fixture
def ckan(settings):
    with DemoCkan(rows=20) as running:
        settings.PACKAGER_CKAN_HOSTS = [running.host]
        settings.PACKAGER_DATASTORE_URLS = {running.host: NOWHERE}
        yield running


def asked(ckan, key="", resource="private"):
    return requests.submit(
        Submission(Kind.DATASTORE, ckan.id(resource), "csv", api_url=ckan.api_url, key=key, email="a@example.org")
    )


def built(request):
    builds.build_next(request.queue)
    request.refresh_from_db()
    return request


@pytest.mark.parametrize(
    ("named", "host", "url"),
    [
        ({"data.example.org": "a"}, "data.example.org", "a"),
        ({"Data.Example.org ": "a"}, "data.example.org:8080", "a"),
        ({"data.example.org": "a", "data.example.org:8080": "b"}, "data.example.org:8080", "b"),
        ({"data.example.org:8080": "b"}, "data.example.org", ""),
        ({"example.org": "a"}, "data.example.org", ""),
        ({}, "data.example.org", ""),
    ],
)
def test_a_database_is_named_by_host_or_by_host_and_port(settings, named, host, url):
    settings.PACKAGER_DATASTORE_URLS = named
    assert datastore_url(host) == url


@pytest.mark.django_db
def test_only_the_ckan_that_is_named_is_read_so(settings, ckan):
    def source_for(api_url):
        return table_source(Submission(Kind.DATASTORE, "r", "csv", api_url=api_url))

    assert isinstance(source_for(ckan.api_url), DatastoreSource)
    settings.PACKAGER_CKAN_HOSTS = []
    assert isinstance(source_for("https://other.example.org/api/3/action/datastore_search"), CkanSource)


@pytest.mark.django_db(transaction=True)
def test_a_package_in_the_cache_is_handed_out_only_to_whom_ckan_still_allows_it(ckan):
    first = built(asked(ckan, ckan.token))
    assert first.status == Status.SUCCEEDED
    key = ckan.token
    assert asked(ckan, key).cached
    ckan.token = "another"
    refused = asked(ckan, key)
    assert not refused.cached
    assert (built(refused).status, refused.error_code) == (Status.FAILED, "not_permitted")
    without = built(asked(ckan))
    assert (without.status, without.error_code) == (Status.FAILED, "not_permitted")


@pytest.mark.django_db(transaction=True)
def test_while_ckan_is_away_nothing_is_handed_out(ckan, settings):
    settings.PACKAGER_PAGE_ATTEMPTS = 1
    assert built(asked(ckan, resource="small")).status == Status.SUCCEEDED
    ckan.close()
    again = asked(ckan, resource="small")
    assert not again.cached
    assert built(again).status == Status.FAILED


@pytest.mark.parametrize("url", ["nonsense", "mysql://reader:very-secret@host/x", "", 5, None, {"url": "x"}])
def test_an_address_that_is_none_stops_the_start_and_is_not_shown(settings, url):
    settings.PACKAGER_DATASTORE_URLS = {"data.example.org": url}
    (found,) = checks.check_datastores()
    assert (found.id, found.is_serious()) == ("portal.E006", True)
    assert "data.example.org" in found.msg
    assert "secret" not in str(found)
    assert checks.check_datastore_roles() == []


def test_a_database_that_does_not_answer_is_told_of_without_its_address(settings):
    settings.PACKAGER_DATASTORE_URLS = {"data.example.org": NOWHERE}
    (found,) = checks.check_datastore_roles()
    assert (found.id, found.is_serious()) == ("portal.W003", False)
    assert "secret" not in str(found)
    assert "127.0.0.1" not in str(found)


@pytest.mark.postgres
def test_a_role_that_may_more_than_read_is_told_of(settings):
    with datastore() as made:
        made.do("CREATE TABLE t (_id serial)")
        settings.PACKAGER_DATASTORE_URLS = {"data.example.org": made.url}
        assert checks.check_datastore_roles() == []
        made.do(f"GRANT INSERT ON t TO {made.role}")
        (found,) = checks.check_datastore_roles()
        assert "data.example.org may write to tables" in found.msg
        settings.PACKAGER_DATASTORE_URLS = {"data.example.org": made.own_url}
        (found,) = checks.check_datastore_roles()
        assert "is a superuser and may create tables and may write to tables" in found.msg


def test_the_command_that_checks_tries_the_database(settings, capsys):
    settings.PACKAGER_DATASTORE_URLS = {"data.example.org": NOWHERE}
    call_command("check")
    assert "portal.W003" in capsys.readouterr().err
