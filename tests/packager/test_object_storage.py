"""The store that is object storage: parts, strangers, sickness and signed links."""

from __future__ import annotations

import logging
import sys
import time
import uuid
from datetime import timedelta
from urllib.request import Request, urlopen

import pytest
import time_machine
from django.utils import timezone

from packager.errors import StoreFull, StoreUnavailable
from packager.lifecycle import maintenance
from packager.models import PackageRequest, Status
from packager.storage import multipart, s3_client, stores
from packager.storage.names import new_name
from packager.storage.object_storage import ObjectStore
from tests.packager import object_storage as server
from tests.packager.conftest import run_tasks

CENTURY = 100 * 365 * 86_400
NOT_FOR_US = f'<?xml version="1.0"?><Error><Code>{{}}</Code><Message>{server.SECRET}</Message></Error>'


@pytest.fixture
def store(object_storage):
    """The bucket below its prefix."""
    return stores.default()


@pytest.fixture
def name():
    """A name for a package."""
    return new_name(uuid.uuid4(), 1)


@pytest.fixture
def sick(httpserver):
    """A server that answers every request with this status and code."""

    def answer(status, code):
        httpserver.clear()
        httpserver.expect_request("").respond_with_data(NOT_FOR_US.format(code), status, content_type="text/xml")
        return httpserver.url_for("")

    return answer


def _parts(store, name):
    where = {"Bucket": server.BUCKET, "Key": f"portal/{name}"}
    client = s3_client.client()
    for begun in client.list_multipart_uploads(Bucket=server.BUCKET).get("Uploads", ()):
        return [part["Size"] for part in client.list_parts(**where, UploadId=begun["UploadId"]).get("Parts", ())]
    return []


def test_parts_travel_while_the_archive_is_still_being_written(store, name):
    seen = []

    def chunks():
        for _ in range(40):
            yield b"x" * 1_000_000
            seen.append(_parts(store, name))

    store.save(name, chunks())
    assert len(seen[-1]) >= 3
    assert {8_000_000 < size < 16 * 2**20 for size in seen[-1]} == {True}


def test_ten_thousand_parts_are_enough_for_the_largest_object_of_all():
    sent = parts = 0
    while sent < 5 * 2**40:
        sent += multipart.part_size(sent)
        parts += 1
    assert parts <= 10_000
    assert multipart.part_size(0) == 8 * 2**20
    assert multipart.part_size(20 * 2**30) < 16 * 2**20


def test_the_sweep_takes_old_unfinished_uploads_of_ours_and_nothing_else(store, name):
    client = s3_client.client()
    for key in (f"portal/{name}", "portal/theirs.zip", f"elsewhere/{name}"):
        client.create_multipart_upload(Bucket=server.BUCKET, Key=key)
    assert store.sweep(CENTURY) == 0
    assert store.sweep(3600) == 1
    left = client.list_multipart_uploads(Bucket=server.BUCKET)["Uploads"]
    assert {upload["Key"] for upload in left} == {f"elsewhere/{name}", "portal/theirs.zip"}


def test_the_listing_leaves_out_what_is_not_ours(store, name):
    for key in (f"portal/{name}", "portal/theirs.zip", f"portal2/{name}", name):
        s3_client.client().put_object(Bucket=server.BUCKET, Key=key, Body=b"x")
    (kept,) = store.listing()
    assert (kept.name, kept.size) == (name, 1)
    assert abs(kept.modified - time.time()) < 3600


def test_a_bucket_without_a_prefix_will_do(object_storage, name):
    ObjectStore("s3://packages").save(name, [b"x"])
    assert s3_client.client().get_object(Bucket=server.BUCKET, Key=name)["Body"].read() == b"x"


def test_without_the_client_the_store_says_what_is_missing(settings, monkeypatch):
    settings.PACKAGER_STORE_URL = server.ADDRESS
    monkeypatch.setitem(sys.modules, "packager.storage.object_storage", None)
    with pytest.raises(StoreUnavailable, match="boto3 is missing"):
        stores.default()


@pytest.mark.parametrize(
    "url",
    ["s3://", "s3:packages", "s3://Packages", "s3://no_underscores/x", f"s3://key:{server.SECRET}@bucket", "s3://ab"],
)
def test_an_address_that_is_none_is_refused_and_not_repeated(url):
    with pytest.raises(StoreUnavailable) as caught:
        ObjectStore(url)
    assert "s3://bucket/prefix" in str(caught.value)
    assert server.SECRET not in str(caught.value)


def test_a_bucket_that_is_gone_says_nothing_about_its_objects(object_storage, name):
    gone = ObjectStore("s3://not-there/portal")
    for use in (
        lambda: gone.has(name),
        lambda: gone.open(name),
        lambda: gone.save(name, [b"x"]),
        lambda: list(gone.listing()),
        lambda: gone.sweep(0),
        gone.check,
    ):
        with pytest.raises(StoreUnavailable):
            use()


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (507, "InsufficientStorage", StoreFull),
        (400, "XMinioStorageFull", StoreFull),
        (403, "AccessDenied", StoreUnavailable),
        (403, "SignatureDoesNotMatch", StoreUnavailable),
        (503, "SlowDown", StoreUnavailable),
    ],
)
def test_what_the_server_says_is_an_error_of_ours_without_its_words(sick, name, status, code, kind):
    with server.using(sick(status, code)), pytest.raises(kind) as caught:
        ObjectStore("s3://packages").save(name, [b"x"])
    assert type(caught.value) is kind
    assert code in caught.value.detail
    assert server.SECRET not in str(caught.value)


def test_a_server_that_stops_in_the_middle_fails_the_save(name):
    own = server.Server()

    def chunks():
        yield b"x" * 10_000_000
        own.stop()
        yield b"x" * 10_000_000

    with server.using(own.url):
        server.empty()
        with pytest.raises(StoreUnavailable):
            ObjectStore(server.ADDRESS).save(name, chunks())


@pytest.mark.parametrize("published", [True, False])
def test_a_lost_answer_to_the_publication_is_looked_after(store, name, monkeypatch, published):
    """The first answer does not arrive, and asked again the server knows no such upload any more."""
    client = s3_client.client()
    complete = client.complete_multipart_upload

    def lose(**arguments):
        if published:
            complete(**arguments)
        client.abort_multipart_upload(Bucket=server.BUCKET, Key=arguments["Key"], UploadId="no such upload")

    monkeypatch.setattr(client, "complete_multipart_upload", lose)
    chunks = [b"x" * 9_000_000, b"y" * 9_000_000]
    if published:
        assert store.save(name, chunks).size == 18_000_000
        assert store.open(name, 8_999_999, 2).read() == b"xy"
        return
    with pytest.raises(StoreUnavailable):
        store.save(name, chunks)
    assert (list(store.listing()), store.sweep(-60)) == ([], 0)


def test_without_keys_nothing_is_stored(object_storage, name, monkeypatch):
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    s3_client.forget()
    try:
        with pytest.raises(StoreUnavailable, match="NoCredentials"):
            stores.default().save(name, [b"x"])
    finally:
        s3_client.forget()


def test_while_the_server_is_away_builds_fail_links_wait_and_housekeeping_goes_on(
    object_storage, built, portal, settings
):
    request = built()
    path = request.download_url.removeprefix(settings.PUBLIC_URL)
    with server.using("http://127.0.0.1:1"):
        failed = built(email="grace@example.org")
        assert (failed.status, failed.error_code) == (Status.FAILED, "store_unavailable")
        assert portal.get(path).status_code == portal.head(path).status_code == 503
        with time_machine.travel(timezone.now() + timedelta(days=8)):
            assert maintenance.expire_packages() == 0
    assert portal.get(path).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert maintenance.expire_packages() == 1
    assert portal.get(path).status_code == 410
    assert list(stores.default().listing()) == []


def test_neither_keys_nor_signatures_reach_the_log(store, name, caplog):
    with caplog.at_level(logging.DEBUG):
        store.save(name, [b"x"])
        assert store.open(name).read() == b"x"
    assert server.SECRET not in caplog.text
    assert "AKIAIOSFODNN7EXAMPLE" not in caplog.text
    assert "Signature=" not in caplog.text


@pytest.fixture
def redirected(object_storage, built, portal, settings):
    """A request with a package that the store hands out itself, and the path of its link."""
    settings.PACKAGER_STORE_REDIRECT = True
    request = built()
    return request, request.download_url.removeprefix(settings.PUBLIC_URL)


def test_the_store_can_hand_a_package_out_by_a_link_that_it_signed(redirected, portal):
    request, path = redirected
    answer = portal.get(path)
    assert (answer.status_code, answer.content) == (302, b"")
    assert "no-store" in answer["Cache-Control"]
    assert "X-Amz-Expires=300" in answer["Location"]
    assert server.SECRET not in answer["Location"]
    content = stores.default().open(request.package.stored_as).read()
    with urlopen(answer["Location"]) as whole:
        assert whole.read() == content
        assert whole.headers["Content-Disposition"] == f'attachment; filename="{request.package.file_name}"'
        assert whole.headers["Content-Type"] == "application/zip"
    with urlopen(Request(answer["Location"], headers={"Range": "bytes=5-9"})) as part:
        assert (part.status, part.read()) == (206, content[5:10])


def test_a_redirect_counts_as_a_download_and_head_is_answered_here(redirected, portal):
    request, path = redirected
    portal.get(path)
    head = portal.head(path)
    assert (head.status_code, head["Content-Length"]) == (200, str(request.package.size))
    assert PackageRequest.objects.get().package.downloads == 1


def test_nobody_is_sent_to_a_package_that_is_lost_or_expired(redirected, portal):
    request, path = redirected
    stores.default().delete(request.package.stored_as)
    assert portal.get(path).status_code == 410
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        maintenance.expire_packages()
    run_tasks()
    assert portal.get(path).status_code == 410
