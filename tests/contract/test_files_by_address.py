"""``/package_url``: what the member is called, that a key is honoured, and where nobody may be sent."""

from __future__ import annotations

import re
import socket

import pytest
from werkzeug import Response

from packager.models import PackageRequest, Status
from packager.streaming.metadata import COMPANIONS
from packager.streaming.notes import read
from tests.packager.conftest import unpacked

BESIDE = {"README.txt", *COMPANIONS}
INSIDE = "http://inside.example.org"


@pytest.fixture
def resolving(monkeypatch):
    """Names under ``inside.example.org`` that resolve to this machine; every look-up is noted."""
    real, asked = socket.getaddrinfo, []

    def look_up(host, *rest, **more):
        asked.append(host)
        return real("127.0.0.1" if str(host).endswith("example.org") else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a/plain.pdf", "plain.pdf"),
        ("/a/plain.pdf?version=2#page", "plain.pdf"),
        ("/a/two%20words%20%C3%A9.txt", "two words é.txt"),
        ("/a/..%2F..%2Fetc%2Fpasswd", "passwd"),
        ("/a/..%5C..%5Cboot.ini", "boot.ini"),
        ("/a/", "the-resource"),
        ("/", "the-resource"),
        ("/a/%2e%2e", "the-resource"),
        ("/a/..", "the-resource"),
    ],
)
def test_the_member_has_the_last_segment_decoded_and_never_a_path(site, members, path, name):
    site.expect_request(re.compile(".*")).respond_with_data(b"\x00\xffcontent")
    found = members("/package_url", resource_id="the-resource", resource_url=site.url(path))
    assert {member: content for member, content in found.items() if member not in BESIDE} == {name: b"\x00\xffcontent"}


@pytest.mark.parametrize("resource_id", ["../../etc/passwd", "/etc/passwd", "..\\..\\x", "..", "a/b"])
def test_a_resource_id_writes_nowhere_but_into_the_store(site, made, portal, settings, tmp_path, resource_id):
    site.expect_request("/").respond_with_data(b"content")
    request = made("/package_url", resource_id=resource_id, resource_url=site.url("/"))
    assert request.status == Status.SUCCEEDED
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files == [settings.PACKAGER_STORE_DIRECTORY / request.package.stored_as]
    (member, _), *_ = request.package.members
    assert not {"/", "\\"} & set(member + request.package.file_name)
    answer = portal.get(request.download_url.removeprefix(settings.PUBLIC_URL))
    assert "\n" not in answer["Content-Disposition"]


def test_a_private_file_comes_with_its_key_which_goes_in_the_header_alone(made, ckan):
    asked = {"resource_url": ckan.download_url("private"), "resource_id": ckan.id("private")}
    request = made("/package_url", key=ckan.token, **asked)
    assert request.status == Status.SUCCEEDED
    for received in ckan.requests:
        # titles are asked for as everybody may, too
        without = received.path.endswith(("resource_show", "package_show"))
        assert received.headers.get("authorization", ckan.token if without else "") == ckan.token
        assert ckan.token not in f"{received.path} {received.query} {received.raw!r}"
    assert made("/package_url", email="eve@example.org", **asked).status == Status.FAILED


def test_a_file_whose_wholeness_nobody_can_know_says_so(site, made, portal):
    site.expect_request("/data.bin").respond_with_response(Response(iter([b"some ", b"bytes"])))
    request = made("/package_url", resource_url=site.url("/data.bin"))
    assert request.status == Status.SUCCEEDED
    (note,) = request.package.notes
    assert str(read(note)) in unpacked(portal, request)["README.txt"].decode()


@pytest.mark.parametrize("field", ["resource_url", "api_url"])
@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/hostname",
        "FILE:///etc/hostname",
        "ftp://127.0.0.1/x",
        "http://",
        "//127.0.0.1/x",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://name@127.0.0.1/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1/\r\nX-Evil: 1",
    ],
)
def test_an_address_that_may_not_be_read_is_refused_and_its_field_named(post, field, url):
    path = "/package_url" if field == "resource_url" else "/package_datastore"
    answer = post(path, **{field: url})
    assert answer.status_code == 400
    assert field in answer.json()["message"]
    assert PackageRequest.objects.count() == 0


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://localhost/", "http://[::ffff:127.0.0.1]/"])
def test_without_a_list_of_hosts_this_machine_is_refused(post, settings, url):
    settings.PACKAGER_CKAN_HOSTS = []
    assert post("/package_url", resource_url=url).status_code == 400
    assert post("/package_datastore", api_url=url).status_code == 400


@pytest.mark.parametrize("path", ["/package_url", "/package_datastore", "/package_dwc_archive"])
def test_a_name_that_turns_out_to_be_this_machine_is_not_connected_to(made, ckan, settings, resolving, path):
    settings.PACKAGER_CKAN_HOSTS = []
    port = ckan.host.partition(":")[2]
    address = f"{INSIDE}:{port}/api/3/action/datastore_search"
    request = made(path, resource_url=address, api_url=address)
    assert (request.status, request.error_code) == (Status.FAILED, "address_forbidden")
    assert "inside.example.org" in resolving
    assert ckan.requests == []


@pytest.mark.parametrize("target", ["elsewhere", "file:///etc/hostname", "http://169.254.169.254/"])
def test_a_redirect_leads_to_no_host_that_is_not_named(site, made, ckan, settings, target):
    settings.PACKAGER_CKAN_HOSTS = [f"127.0.0.1:{site.port}"]
    location = ckan.download_url("small") if target == "elsewhere" else target
    site.expect_request("/here").respond_with_data(status=302, headers={"Location": location})
    request = made("/package_url", resource_url=site.url("/here"))
    assert request.status == Status.FAILED
    assert ckan.requests == []
    table = made("/package_datastore", api_url=site.url("/here"))
    assert table.status == Status.FAILED
    assert ckan.requests == []


def test_a_link_cannot_be_guessed_from_what_is_known(made, settings):
    one, other = made(), made(format="tsv")
    links = [request.download_url.removeprefix(settings.PUBLIC_URL).split("/")[2] for request in (one, other)]
    assert len(set(links)) == 2
    for link, request in zip(links, (one, other), strict=True):
        assert len(link) >= 43
        assert request.resource_id not in link
        assert str(request.pk) not in link
