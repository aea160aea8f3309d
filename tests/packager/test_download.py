"""The link serves the file with Range, ETag and HEAD, until it expires, and then says so."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings as django_settings
from django.utils import timezone

from packager.lifecycle import maintenance
from packager.models import Status
from packager.storage import stores


@pytest.fixture
def served(built, portal):
    """A request with its package, a function that gets the link, and the bytes."""
    request = built()
    path = request.download_url.removeprefix(django_settings.PUBLIC_URL)
    content = stores.default().open(request.package.stored_as).read()

    def get(method="get", **headers):
        answer = getattr(portal, method)(path, headers=headers)
        body = answer.getvalue() if answer.streaming else answer.content
        return answer, body

    return request, get, content


def test_the_whole_file_comes_with_its_length_and_etag(served):
    request, get, content = served
    answer, body = get()
    assert body == content
    assert answer["Content-Length"] == str(len(content))
    assert answer["ETag"] == f'"{request.package.sha256}"'
    assert answer["Content-Type"] == "application/zip"
    assert answer["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=10-", slice(10, None)),
        ("bytes=-5", slice(-5, None)),
        ("bytes=3-99999999", slice(3, None)),
    ],
)
def test_a_range_gives_that_part(served, header, part):
    _, get, content = served
    answer, body = get(Range=header)
    assert answer.status_code == 206
    assert body == content[part]
    assert answer["Content-Length"] == str(len(content[part]))
    assert answer["Content-Range"].endswith(f"/{len(content)}")


def test_two_halves_make_the_whole(served):
    _, get, content = served
    assert get(Range="bytes=0-999")[1] + get(Range="bytes=1000-")[1] == content


@pytest.mark.parametrize("header", ["bytes=99999999-", "bytes=-0"])
def test_a_range_outside_of_the_file_is_416(served, header):
    _, get, content = served
    answer, _ = get(Range=header)
    assert answer.status_code == 416
    assert answer["Content-Range"] == f"bytes */{len(content)}"


@pytest.mark.parametrize("header", ["bytes=5-2", "lines=1-2", "bytes=0-1,4-5", "nonsense"])
def test_what_is_no_single_range_gets_the_whole(served, header):
    _, get, content = served
    answer, body = get(Range=header)
    assert (answer.status_code, body) == (200, content)


def test_if_range_with_another_etag_gets_the_whole(served):
    request, get, content = served
    assert get(**{"Range": "bytes=0-9", "If-Range": '"other"'})[1] == content
    assert get(**{"Range": "bytes=0-9", "If-Range": f'"{request.package.sha256}"'})[1] == content[:10]


def test_head_tells_the_length_without_a_body(served):
    _, get, content = served
    answer, body = get("head")
    assert body == b""
    assert answer["Content-Length"] == str(len(content))


def test_downloads_are_counted_once_each_and_head_is_not_one(served):
    request, get, _ = served
    get()
    get("head")
    get(Range="bytes=0-9")
    get(Range="bytes=10-")
    request.package.refresh_from_db()
    assert request.package.downloads == 2


def test_an_expired_package_is_gone_and_says_so(served):
    request, get, _ = served
    with time_machine.travel(timezone.now() + timedelta(days=django_settings.PACKAGER_EXPIRY_DAYS, hours=1)):
        assert maintenance.expire_packages() == 1
    answer, body = get()
    assert answer.status_code == 410
    assert b"expired" in body
    request.refresh_from_db()
    assert request.status == Status.EXPIRED
    assert not stores.default().has(request.package.stored_as)


def test_an_unknown_link_is_404(portal):
    assert portal.get("/download/nonsense/resource.csv.zip").status_code == 404


def test_a_front_server_can_be_told_to_send_the_file(served, settings):
    request, get, _ = served
    settings.PACKAGER_ACCEL_PREFIX = "/internal/"
    answer, body = get()
    assert answer["X-Accel-Redirect"] == "/internal/" + request.package.stored_as
    assert body == b""


def test_a_package_that_cannot_be_reached_is_to_be_tried_again(served, settings):
    _, get, content = served
    folder = settings.PACKAGER_STORE_DIRECTORY
    folder.rename(folder.with_name("unmounted"))
    for method in ("get", "head"):
        answer, _ = get(method)
        assert (answer.status_code, answer["Retry-After"]) == (503, "120")
    assert b"not lost" in get()[1]
    folder.with_name("unmounted").rename(folder)
    assert get()[1] == content


def test_who_comes_while_many_download_is_asked_to_wait_and_served_when_one_has_ended(served, portal, settings):
    settings.PACKAGER_DOWNLOADS_AT_ONCE = 1
    request, get, content = served
    first = portal.get(request.download_url.removeprefix(settings.PUBLIC_URL))
    busy, body = get()
    assert (busy.status_code, busy["Retry-After"], busy["Refresh"]) == (503, "10", "10")
    assert b"will start soon" in body
    assert get("head")[0].status_code == 200
    first.close()
    first.close()
    assert get()[1] == content
    assert get(range="bytes=5-9")[1] == content[5:10]


def test_a_download_that_breaks_off_before_it_begins_gives_its_place_back(served, settings, monkeypatch):
    settings.PACKAGER_DOWNLOADS_AT_ONCE = 1
    _, get, content = served
    monkeypatch.setattr("packager.storage.views._count", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        get()
    monkeypatch.undo()
    assert get()[1] == content
