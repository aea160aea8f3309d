"""People read names: titles are asked for by workers, kept with requests, and told to those who may read them."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from packager import events, tasks
from packager.lifecycle import builds, requests
from packager.models import Package, PackageRequest, Status
from packager.streaming.facts import Titles
from packager.titles import PublicTitles, label
from stats import resource_names
from tests.packager import rows
from tests.packager.conftest import run_tasks

SMALL = ("A thousand specimens", "Example specimens", "Example Museum", "demo-specimens")
PRIVATE = ("For those with a token", "Private specimens", "Example Museum", "demo-private")
ID = "1a2b3c4d-0000-4000-8000-000000000000"


def told(row):
    return tuple(row.titles.columns.values())


def shows(ckan):
    return [received.path for received in ckan.requests if "_show" in received.path]


def test_a_request_and_its_package_have_the_titles_of_the_data_portal(built):
    request = built()
    assert told(request) == told(request.package) == SMALL
    assert str(request) == "A thousand specimens (csv)"


def test_a_request_has_its_titles_while_it_waits_in_the_slow_queue(portal, submission, settings):
    settings.PACKAGER_SLOW_REQUEST = 0
    request = requests.submit(submission())
    builds.build_next(request.queue)
    request.refresh_from_db()
    assert (request.status, request.queue, told(request)) == (Status.QUEUED, "slow", SMALL)


def test_nothing_is_asked_while_the_requester_waits(portal, submission, ckan):
    requests.submit(submission())
    assert shows(ckan) == []


def test_the_next_request_for_the_resource_has_them_at_once_and_nobody_is_asked_again(built, submission, ckan):
    built()
    asked = len(shows(ckan))
    again = requests.submit(submission(parameters={"limit": 3}, options={"metadata": False}))
    assert told(again) == SMALL
    run_tasks()
    assert len(shows(ckan)) == asked


def test_what_joins_a_build_or_comes_from_the_cache_has_them_too(portal, submission):
    first, second = requests.submit(submission()), requests.submit(submission())
    run_tasks()
    third = requests.submit(submission())
    assert {told(PackageRequest.objects.get(pk=r.pk)) for r in (first, second, third)} == {SMALL}
    assert third.cached


def test_no_title_is_worth_a_request(built, ckan):
    ckan.faults.add("status", path="resource_show", status=500, times=100)
    request = built()
    assert (request.status, bool(request.titles)) == (Status.SUCCEEDED, False)
    assert request.resource_label == f"Resource {request.resource_id[:8]}…"


def test_a_source_that_raises_anything_fails_nothing(built, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("packager.streaming.sources.ckan.CkanSource.describe", broken)
    assert built(options={"metadata": False}).status == Status.SUCCEEDED


def test_the_title_of_a_private_resource_stays_with_the_request_that_came_with_the_key(built, submission, ckan):
    private = ckan.resources["private"].id
    request = built(resource_id=private, key=ckan.token)
    assert told(request) == told(request.package) == PRIVATE
    assert not PublicTitles.objects.exclude(resource_title="").exists()
    assert not requests.submit(submission(resource_id=private)).titles
    assert resource_names.names([private], public=False)[private].resource_label == PRIVATE[0]
    assert resource_names.names([private], public=True)[private].resource_label == f"Resource {private[:8]}…"


def test_a_public_title_is_shared_though_it_was_asked_for_with_a_key(built, ckan):
    request = built(key=ckan.token)
    assert told(PublicTitles.objects.get()) == SMALL
    assert resource_names.names([request.resource_id], public=True)[request.resource_id].dataset_title == SMALL[1]


def test_a_title_that_is_public_no_longer_leaves_the_shared_ones(built, ckan, monkeypatch):
    built()
    PublicTitles.objects.update(asked_at="2020-01-01T00:00:00Z")
    monkeypatch.setattr(ckan.resources["small"], "private", True)
    built(key=ckan.token, parameters={"limit": 3})
    assert not PublicTitles.objects.get().titles
    small = ckan.resources["small"].id
    assert not resource_names.names([small], public=True)[small].titles


def test_a_file_that_ckan_keeps_has_titles_and_one_from_elsewhere_its_file_name(built, ckan):
    small = ckan.resources["small"]
    stored = small.show(ckan.url)["url"]
    request = built(kind="url", format="", api_url="", resource_url=stored)
    # the stand-in keeps no such file, but it knows the resource
    assert request.resource_label == SMALL[0]
    elsewhere = built(kind="url", format="", api_url="", resource_id=ID, resource_url=f"{ckan.url}/files/a%20map.tif")
    assert elsewhere.resource_label == "a map.tif"


def test_another_site_cannot_rename_a_resource_of_the_statistics(db):
    facts = {"at": "2026-11-21T12:00:00Z", "resource_id": "birds", "dataset_title": "", "organization_title": ""}
    for host, title in (("ckan.example", "Birds"), ("evil.example", "Nonsense"), ("ckan.example", "All birds")):
        named = events.ResourceNamed(ckan_host=host, resource_title=title, dataset_name="", public=True, **facts)
        resource_names.remember(named)
    assert resource_names.names(["birds"], public=True)["birds"].resource_title == "All birds"


@pytest.mark.parametrize(
    ("known", "resource_id", "url", "expected"),
    [
        (Titles("Birds", "Specimens"), ID, "", "Birds"),
        (Titles("", "Specimens"), ID, "", "Specimens"),
        (Titles(), ID, "https://x.example/a/b%20c.pdf?key=1", "b c.pdf"),
        (Titles(), ID, "https://x.example/", "Resource 1a2b3c4d…"),
        (Titles(), ID.replace("-", ""), "", "Resource 1a2b3c4d…"),
        (Titles(), "checklist", "", "checklist"),
    ],
)
def test_a_resource_is_called_by_the_best_name_that_is_known(known, resource_id, url, expected):
    assert label(known, resource_id, url) == expected


# ------------------------------------------------------------------------------------------------- old requests


@pytest.fixture
def old(portal, ckan):
    """Makes requests for a resource of the stand-in that know no titles, with a package each."""

    def make(name, count=2):
        now = "2026-01-01T00:00:00Z"
        package = Package.objects.create(
            resource_id=ckan.id(name), format="csv", size=1, created_at=now, expires_at=now, stored_as=name
        )
        place = {"resource_id": ckan.id(name), "ckan_host": ckan.host, "api_url": ckan.api_url, "package": package}
        return rows.make(count, Status.EXPIRED, **place)

    return make


def fill(capsys, *arguments):
    call_command("fill_titles", *arguments)
    return capsys.readouterr().out


def test_old_requests_get_their_titles_once(old, capsys):
    old("small")
    old("private", 1)
    assert fill(capsys) == "Titles added to 2 requests for 1 resource.\nNo public title: 1 resource.\n"
    assert sorted(map(told, PackageRequest.objects.all())) == sorted([("",) * 4, SMALL, SMALL])
    assert sorted(map(told, Package.objects.all())) == [("",) * 4, SMALL]
    assert fill(capsys) == "Titles added to 0 requests for 0 resources.\n"


def test_old_requests_are_seen_to_in_portions(old, capsys):
    for name in ("small", "specimens", "empty"):
        old(name, 1)
    out = fill(capsys, "--limit", "2")
    assert out == ("Titles added to 2 requests for 2 resources.\nStill to do: 1 resource. Run it again to continue.\n")
    assert fill(capsys, "--limit", "2") == "Titles added to 1 request for 1 resource.\n"
    assert not PackageRequest.objects.filter(resource_title="").exists()


# ----------------------------------------------------------------------------------------------- what still waits


def test_requests_that_wait_for_a_worker_get_their_titles_by_the_clock(portal, submission, ckan):
    small = requests.submit(submission())
    private = requests.submit(submission(resource_id=ckan.resources["private"].id, key=ckan.token))
    unknown = requests.submit(submission(resource_id=ID))
    assert tasks.name_waiting() == 3
    found = [told(PackageRequest.objects.get(pk=request.pk)) for request in (small, private, unknown)]
    assert found == [SMALL, PRIVATE, ("",) * 4]
    assert {request.status for request in PackageRequest.objects.all()} == {Status.QUEUED}
    assert tasks.name_waiting() == 0


def test_they_are_asked_for_no_longer_than_so(portal, submission, ckan, monkeypatch):
    monkeypatch.setattr("packager.lifecycle.titles.WAITING", -1.0)
    for name in ("small", "specimens"):
        requests.submit(submission(resource_id=ckan.id(name)))
    assert tasks.name_waiting() == 0


def test_the_log_names_what_is_built(built, caplog):
    request = built()
    assert f"request {request.pk} is being built: A thousand specimens (csv)" in caplog.text


def test_commands_name_the_resource(built, ckan, capsys, tmp_path):
    address = f"{ckan.url}/dataset/x/resource/{ckan.id('small')}"
    call_command("package", address, "-o", str(tmp_path / "a.zip"))
    assert capsys.readouterr().out.startswith("A thousand specimens, Example specimens\n")
    built()
    call_command(
        "queue", "package_datastore", f"api_url:{ckan.api_url}", f"resource_id:{ckan.id('small')}", "email:a@b.org"
    )
    assert capsys.readouterr().out.startswith("A thousand specimens\n")
