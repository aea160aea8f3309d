"""Files arrive whole, or somebody hears of it."""

import socket
import threading
from contextlib import contextmanager

import pytest

from demo.ckan import DemoCkan
from packager.errors import IncompleteData, ResourceNotFound, SourceUnreachable
from packager.streaming.http import AddressRule, RetryPolicy
from packager.streaming.sources.url import UrlSource, name_in

SIZE = 3_000_001
HASTY = RetryPolicy(connect=5, read=5, attempts=3, base_delay=0.001, longest_delay=0.01)
LOCAL = AddressRule(("127.0.0.1", "localhost"))


@pytest.fixture
def ckan():
    with DemoCkan(rows=10) as running:
        yield running


def pattern(size):
    return (bytes(range(256)) * (size // 256 + 1))[:size]


def open_file(url, **settings):
    return UrlSource(LOCAL, retry_policy=HASTY, **settings).open(url)


@contextmanager
def raw_server(*replies):
    """Answers connections with these bytes, one reply each, and hangs up. Yields the address and what was asked."""
    listener = socket.create_server(("127.0.0.1", 0))
    asked = []

    def serve():
        for reply in replies:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                asked.append(connection.recv(65536).decode())
                connection.sendall(reply)

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/data/file.bin", asked
    listener.close()


def reply(body, *headers, status="200 OK"):
    return "\r\n".join((f"HTTP/1.1 {status}", *headers, "Connection: close", "", "")).encode() + body


def test_a_file_arrives_byte_for_byte(ckan):
    file = open_file(f"{ckan.url}/demo/file/{SIZE}/some%20file.bin")
    assert (file.name, file.size) == ("some file.bin", SIZE)
    assert b"".join(file.chunks()) == pattern(SIZE)
    assert not file.notes


def test_a_broken_connection_is_taken_up_where_it_broke(ckan):
    ckan.faults.add("cut", path="/demo/file", times=2)
    assert b"".join(open_file(f"{ckan.url}/demo/file/{SIZE}/a.bin").chunks()) == pattern(SIZE)
    ranges = [r.headers.get("range") for r in ckan.requests]
    assert ranges[0] is None
    assert ranges[1] == f"bytes={SIZE // 2}-"
    assert ckan.requests[1].headers["if-range"] == f'"pattern-{SIZE}"'


def test_a_connection_that_always_breaks_is_an_error(ckan):
    ckan.faults.add("cut", path="/demo/file", times=99)
    with pytest.raises((IncompleteData, SourceUnreachable)):
        list(open_file(f"{ckan.url}/demo/file/64/a.bin").chunks())


@pytest.mark.parametrize("tag", [(), ('ETag: W/"1"',), ("Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT",)])
def test_without_a_strong_validator_a_short_file_is_an_error(tag):
    with raw_server(reply(b"half", "Content-Length: 8", *tag)) as (url, asked):
        with pytest.raises(IncompleteData, match="expected 8 bytes, received 4"):
            list(open_file(url).chunks())
        assert len(asked) == 1


def test_a_file_that_changed_in_between_is_an_error():
    first = reply(b"half", "Content-Length: 8", 'ETag: "1"')
    second = reply(b"newer ones", "Content-Length: 10", 'ETag: "2"')
    with raw_server(first, second) as (url, _), pytest.raises(IncompleteData, match="file changed"):
        list(open_file(url).chunks())


def test_a_chunked_file_that_breaks_off_is_an_error():
    cut = reply(b"4\r\nhalf\r\n", "Transfer-Encoding: chunked")
    with raw_server(cut) as (url, _), pytest.raises(SourceUnreachable):
        list(open_file(url).chunks())


def test_a_chunked_file_that_ends_properly_is_whole():
    with raw_server(reply(b"4\r\nhalf\r\n0\r\n\r\n", "Transfer-Encoding: chunked")) as (url, _):
        file = open_file(url)
        assert (b"".join(file.chunks()), file.size, list(file.notes)) == (b"half", None, [])


def test_a_file_of_unknown_size_is_noted():
    with raw_server(reply(b"all?")) as (url, _):
        file = open_file(url)
        assert b"".join(file.chunks()) == b"all?"
        assert "couldn't check that all of it arrived" in str(file.notes[0])


def test_nothing_is_asked_for_in_compressed_form(ckan):
    list(open_file(f"{ckan.url}/demo/file/10/a.bin").chunks())
    assert ckan.requests[0].headers["accept-encoding"] == "identity"


def test_a_file_that_is_not_there_is_said_to_be_missing(ckan):
    with pytest.raises(ResourceNotFound):
        open_file(f"{ckan.url}/nothing")


def test_the_key_goes_to_the_host_of_the_address(ckan):
    file = open_file(ckan.download_url("private"), key=ckan.token)
    assert b"".join(file.chunks()).startswith(b"_id,")


def test_a_closed_file_can_be_closed_again(ckan):
    file = open_file(f"{ckan.url}/demo/file/{SIZE}/a.bin")
    next(file.chunks())
    file.close()
    file.close()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a/b.csv", "b.csv"),
        ("/Gr%C3%BCn%20%F0%9F%A6%8B.zip", "Grün 🦋.zip"),
        *((path, "") for path in ("", "/", "/..", "/.", "/%2e%2e", "/%00", "/a/")),
        ("/%2e%2e%2fetc%2fpasswd", "passwd"),
        ("/a%5C..%5Cc.txt", "c.txt"),
        ("/.htaccess", "htaccess"),
        ("/a%00b%0Ac%E2%80%AE.csv", "abc.csv"),
        ("/C%3A%2Aa.csv", "C__a.csv"),
    ],
)
def test_names_are_safe(path, name):
    assert name_in(path) == name


def test_long_names_keep_their_ending_and_whole_characters():
    name = name_in("/" + "é" * 300 + ".csv")
    assert name.endswith("é.csv")
    assert len(name.encode()) <= 200
