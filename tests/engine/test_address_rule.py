"""What may be fetched from, checked on every connection."""

import socket

import pytest

from packager.errors import AddressForbidden, SourceUnreachable
from packager.streaming.addresses import AddressRule, is_public
from packager.streaming.http import HttpClient, RetryPolicy
from packager.streaming.sources.ckan import CkanSource
from packager.streaming.sources.url import UrlSource

ONCE = RetryPolicy(attempts=1)


def resolving_to(monkeypatch, *answers):
    """Let names resolve to each of the answers (lists of addresses) in turn; returns the names that were asked for."""
    left, asked = list(answers), []

    def getaddrinfo(host, port, **_):
        asked.append(host)
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
        ),
        *("::1", "::", "fe80::1%2", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"),
        *("64:ff9b:1::808:808", "255.255.255.255"),
        *("fec0::1", "feff::1", "3fff::1", "3fff:fff::1", "192.88.99.1", "::ffff:192.88.99.1", "64:ff9b::c058:6301"),
    ],
)
def test_private_addresses_are_not_public_in_any_dress(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_are(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/hostname", "ftp://example.org/a", "gopher://example.org", "//example.org/a", "example.org", ""),
        *("http://", "http:///path", "http://user:word@example.org/", "http://example.org:99999/", "http://[::1"),
    ],
)
def test_addresses_of_the_wrong_form_are_forbidden(url):
    with pytest.raises(AddressForbidden):
        AddressRule().check_url(url)
    with pytest.raises(AddressForbidden):
        UrlSource().open(url)
    with pytest.raises(AddressForbidden):
        CkanSource(url)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0x7f.1", "2130706433", "0"])
def test_no_connection_is_made_to_this_machine(httpserver, host):
    client = HttpClient(AddressRule(), retry_policy=ONCE)
    with pytest.raises((AddressForbidden, SourceUnreachable)):
        client.get(f"http://{host}:{httpserver.port}/", {})
    assert not httpserver.log


def test_one_private_address_among_several_forbids_the_host(monkeypatch):
    resolving_to(monkeypatch, ["8.8.8.8", "10.0.0.1"])
    with pytest.raises(AddressForbidden):
        AddressRule().endpoints("both.example.org", 80)


def test_a_name_that_changes_its_mind_gains_nothing(monkeypatch, httpserver):
    httpserver.expect_request("/").respond_with_data("secret")
    asked = resolving_to(monkeypatch, ["127.0.0.1"], ["8.8.8.8"])
    with pytest.raises(AddressForbidden):
        HttpClient(AddressRule(), retry_policy=ONCE).get(f"http://rebinding.example.org:{httpserver.port}/", {})
    assert asked == ["rebinding.example.org"]
    assert not httpserver.log


def test_the_address_that_was_checked_is_the_one_connected_to(monkeypatch, httpserver):
    httpserver.expect_request("/").respond_with_data("fine")
    asked = resolving_to(monkeypatch, ["127.0.0.1"], ["203.0.113.1"])
    client = HttpClient(AddressRule(("named.example.org",)), retry_policy=ONCE)
    assert client.get(f"http://named.example.org:{httpserver.port}/", {}).read() == b"fine"
    assert asked == ["named.example.org"]


def test_a_redirect_to_a_forbidden_host_is_not_followed(httpserver):
    httpserver.expect_request("/away").respond_with_data(status=302, headers={"Location": "http://127.0.0.2:1/"})
    client = HttpClient(AddressRule((f"127.0.0.1:{httpserver.port}",)), retry_policy=ONCE)
    with pytest.raises(AddressForbidden):
        client.get(httpserver.url_for("/away"), {})


def test_a_redirect_to_a_file_is_not_followed(httpserver):
    httpserver.expect_request("/away").respond_with_data(status=302, headers={"Location": "file:///etc/hostname"})
    with pytest.raises(AddressForbidden):
        HttpClient(AddressRule(("127.0.0.1",)), retry_policy=ONCE).get(httpserver.url_for("/away"), {})


@pytest.mark.parametrize(
    ("allowed", "url", "good"),
    [
        ("ckan.local", "http://ckan.local:5000/", True),
        ("ckan.local:5000", "http://ckan.local:5000/", True),
        ("ckan.local:5000", "http://ckan.local/", False),
        ("CKAN.local:443", "https://ckan.LOCAL/", True),
        ("ckan.local", "http://ckan.local.evil.example/", False),
        ("[::1]:80", "http://[::1]/", True),
    ],
)
def test_named_hosts_are_the_only_ones(allowed, url, good):
    rule = AddressRule((allowed,))
    if good:
        assert rule.check_url(url)
    else:
        with pytest.raises(AddressForbidden):
            rule.check_url(url)
