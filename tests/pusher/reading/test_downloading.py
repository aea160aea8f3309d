"""The file of a resource is fetched whole or not at all, as often as the operator says, and says what went wrong."""

import hashlib
from contextlib import closing

import pytest
from werkzeug import Response

from packager.streaming.http import AddressRule, HttpClient, RetryPolicy
from pusher.errors import AddressNotAllowed, DownloadFailed, OnlyHttp, TooLarge
from pusher.reading.download import Order, download

HASTY = RetryPolicy(connect=2, read=2, attempts=3, base_delay=0.001, longest_delay=0.01)
HERE = AddressRule(private=("127.0.0.1", "localhost"))


@pytest.fixture
def fetch(tmp_path):
    def fetching(url, rule=HERE, key="", **order):
        with closing(HttpClient(rule, key=key or None, key_for=url if key else "", retry_policy=HASTY)) as client:
            return download(client, Order(url, tmp_path / "file", **{"most": 1000, **order}))

    return fetching


def test_a_file_arrives_with_its_size_and_hash(httpserver, fetch):
    httpserver.expect_request("/f").respond_with_data(b"a,b\n1,2\n")
    found = fetch(httpserver.url_for("/f"))
    assert (found.size, found.md5) == (8, hashlib.md5(b"a,b\n1,2\n").hexdigest())
    assert found.path.read_bytes() == b"a,b\n1,2\n"


@pytest.mark.parametrize("status", [202, 408, 429, 500, 503])
def test_what_may_pass_is_tried_again(httpserver, fetch, status):
    answers = [Response("", status), Response("", status), Response("x")]
    httpserver.expect_request("/f").respond_with_handler(lambda _: answers.pop(0))
    assert fetch(httpserver.url_for("/f")).size == 1


def test_a_server_that_does_not_recover_is_named_by_its_status(httpserver, fetch):
    httpserver.expect_request("/f").respond_with_data("down", status=503)
    with pytest.raises(DownloadFailed, match="answered with HTTP 503") as failed:
        fetch(httpserver.url_for("/f"))
    assert len(httpserver.log) == 3
    assert failed.value.facts["HTTP status code"] == 503


def test_a_refusal_names_status_address_and_the_beginning_of_the_answer(httpserver, fetch):
    httpserver.expect_request("/f").respond_with_data("no " * 200, status=403)
    with pytest.raises(DownloadFailed) as failed:
        fetch(httpserver.url_for("/f") + "?token=secret")
    assert failed.value.facts["Requested URL"] == httpserver.url_for("/f")
    assert len(failed.value.facts["Response"]) <= 200
    assert len(httpserver.log) == 1


def test_fewer_bytes_than_announced_are_no_file(httpserver, fetch):
    cut = Response(iter([b"x"]), headers={"Content-Length": "5"})
    httpserver.expect_request("/f").respond_with_handler(lambda _: cut)
    with pytest.raises(DownloadFailed, match="could not be reached"):
        fetch(httpserver.url_for("/f"))


def test_too_much_is_refused_before_or_while_it_comes(httpserver, fetch):
    httpserver.expect_request("/f").respond_with_data(b"x" * 2000)
    with pytest.raises(TooLarge, match="too large to download: 2000 > max"):
        fetch(httpserver.url_for("/f"))
    httpserver.expect_request("/g").respond_with_handler(lambda _: Response(iter([b"x" * 700] * 3)))
    with pytest.raises(TooLarge, match="too large to process"):
        fetch(httpserver.url_for("/g"))


def test_the_beginning_is_enough_for_an_excerpt(httpserver, fetch):
    httpserver.expect_request("/f").respond_with_data(b"x" * 2000)
    found = fetch(httpserver.url_for("/f"), excerpt=True)
    assert (found.size, found.cut_off) == (1000, True)


def test_only_web_addresses_are_fetched(fetch):
    with pytest.raises(OnlyHttp, match="Only http and https"):
        fetch("ftp://127.0.0.1/f")


def test_a_private_address_that_nobody_named_is_not_fetched(httpserver, fetch):
    httpserver.expect_request("/f").respond_with_data(b"x")
    with pytest.raises(AddressNotAllowed):
        fetch(httpserver.url_for("/f"), AddressRule())
    other = AddressRule(private=(f"localhost:{httpserver.port}",))
    with pytest.raises(AddressNotAllowed):
        fetch(httpserver.url_for("/f").replace("localhost", "127.0.0.1"), other)
    assert httpserver.log == []


def test_a_redirect_to_a_private_address_is_not_followed(httpserver, fetch):
    target = f"http://127.0.0.1:{httpserver.port}/g"
    httpserver.expect_request("/f").respond_with_response(Response("", 302, {"Location": target}))
    with pytest.raises(AddressNotAllowed):
        fetch(httpserver.url_for("/f"), AddressRule(private=(f"localhost:{httpserver.port}",)))


def test_the_key_stays_where_it_belongs(httpserver, fetch):
    target = f"http://127.0.0.1:{httpserver.port}/g"
    httpserver.expect_request("/f").respond_with_response(Response("", 302, {"Location": target}))
    httpserver.expect_request("/g").respond_with_data(b"x")
    fetch(httpserver.url_for("/f"), key="secret")
    assert [sent.headers.get("Authorization") for sent, _ in httpserver.log] == ["secret", None]
