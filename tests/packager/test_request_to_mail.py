"""From the form that CKAN posts to the package in the post."""

from __future__ import annotations

from urllib.request import urlopen

from django.core import mail

import packager.storage.stores
from packager.models import Delivery, Package, PackageRequest, Status
from tests.packager.conftest import run_tasks, unpacked


def test_a_posted_form_becomes_a_package_that_the_mail_links_to(post, portal, ckan):
    answer = post()
    assert answer.status_code == 200
    assert answer.json()["status"] == "success"
    run_tasks()
    request = PackageRequest.objects.get(pk=answer.json()["request_id"])
    assert (request.status, request.package.rows) == (Status.SUCCEEDED, 1000)
    assert request.download_url in mail.outbox[0].body
    assert mail.outbox[0].to == ["ada@example.org"]
    assert Delivery.objects.get().state == Delivery.State.SENT
    assert "resource.csv" in unpacked(portal, request)


def test_the_table_inside_is_what_the_data_portal_itself_would_dump(built, portal, ckan):
    request = built(resource_id=ckan.resources["awkward"].id)
    inside = unpacked(portal, request)["resource.csv"]
    with urlopen(f"{ckan.url}/datastore/dump/{ckan.resources['awkward'].id}?format=csv") as dump:
        expected = dump.read()
    header, _, rows = expected.partition(b"\r\n")
    assert inside == header + b"\n" + rows


def test_size_rows_and_checksum_are_recorded(built):
    import hashlib

    package = built().package
    content = packager.storage.stores.default().open(package.stored_as).read()
    assert (package.size, package.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert package.rows == 1000
    assert Package.objects.count() == 1


def test_history_tells_every_change_of_state(built):
    request = built()
    steps = [(line.from_status, line.to_status) for line in request.history.all()]
    assert steps == [("", "queued"), ("queued", "running"), ("running", "succeeded")]
