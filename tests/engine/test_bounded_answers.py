"""However much a data portal sends, as little is taken as was agreed, and bad answers are named for what they are."""

import gzip
import json
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from werkzeug import Response

from demo.ckan import DemoCkan
from packager.errors import AddressForbidden, AnswerMalformed, AnswerTooLarge, FileTooLarge, QueryRejected, RowTooLarge
from packager.streaming.http import AddressRule, HttpClient, RetryPolicy
from packager.streaming.sources.ckan_paging import KeysetPlan, OffsetPlan, PageSizer, RangePlan, TokenPlan
from packager.streaming.sources.ckan_response import RowDecoder, read_answer, read_batch
from packager.streaming.sources.url import UrlSource
from packager.streaming.types import Field, Query, Shape
from tests.engine.engine_ckan import body_of, source, text_of

HASTY = RetryPolicy(connect=2, read=2, attempts=2, base_delay=0.001, longest_delay=0.01)
LOCAL = AddressRule(("127.0.0.1", "localhost"))


@pytest.fixture
def client():
    opened = HttpClient(LOCAL, retry_policy=HASTY, most=100_000)
    yield opened
    opened.close()


@pytest.fixture
def serve(httpserver):
    def answer(body, status=200, headers=None, path="/api"):
        httpserver.expect_request(path).respond_with_handler(lambda _: Response(body, status, headers))
        return httpserver.url_for(path)

    return answer


def test_an_answer_of_the_size_that_is_taken_is_read(serve, client):
    assert len(client.post(serve(b"x" * 100_000), {}, bytes)) == 100_000


def test_a_longer_answer_is_refused(serve, client):
    with pytest.raises(AnswerTooLarge, match="100,000 bytes"):
        client.post(serve(b"x" * 100_001), {}, bytes)


def test_an_answer_that_grows_when_it_is_unpacked_is_refused(serve, client):
    bomb = gzip.compress(b"0" * 50_000_000)
    assert len(bomb) < 100_000
    with pytest.raises(AnswerTooLarge):
        client.post(serve(bomb, headers={"Content-Encoding": "gzip"}), {}, bytes)


def test_an_answer_without_an_end_is_cut(serve, client):
    taken = []

    def endless():
        while True:
            taken.append(None)
            yield b"x" * 65536

    with pytest.raises(AnswerTooLarge):
        client.post(serve(endless()), {}, bytes)
    assert len(taken) < 500


def test_an_error_page_without_an_end_is_its_status(serve, client):
    def endless():
        while True:
            yield b"x" * 65536

    with pytest.raises(QueryRejected, match="HTTP 418"):
        client.post(serve(endless(), 418), {}, bytes)


@pytest.fixture
def redirect():
    """Starts a server that sends everybody to what ``place`` says, whatever that is."""
    servers = []

    def start(place):
        class Redirects(BaseHTTPRequestHandler):
            def do_POST(self):
                self.send_response(302)
                self.send_header("Location", place)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Redirects))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}/api"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("place", ["http://[::1", "http://127.0.0.1:notaport/", ""])
def test_a_redirect_to_what_is_no_address_is_the_fault_of_the_data_portal(redirect, client, place):
    with pytest.raises((AnswerMalformed, AddressForbidden)):
        client.post(redirect(place), {}, bytes)


@pytest.mark.parametrize(("profile", "query"), [("2.12", {}), ("2.12", {"sort": "_id desc"}), ("2.11", {})])
def test_a_page_that_is_too_large_comes_in_smaller_ones(profile, query):
    with DemoCkan(rows=400, profile=profile) as ckan:
        whole = text_of(source(ckan).open(Query(ckan.id("specimens"), **query), [Shape.CSV]))
        small = source(ckan, max_page_bytes=20_000)
        assert text_of(small.open(Query(ckan.id("specimens"), **query), [Shape.CSV])) == whole
        assert query or whole == body_of(ckan, "specimens")


def too_large(limit, place, least=0):
    raise AnswerTooLarge(most=3000)


@pytest.mark.parametrize(
    "plan",
    [
        RangePlan(too_large, PageSizer(300), 1, 9, dense=True),
        OffsetPlan(too_large, PageSizer(300), 0, None, 9),
        KeysetPlan(too_large, PageSizer(300), {}, 0, None, 9, falling=False),
        TokenPlan(too_large, PageSizer(300), "solr", None),
    ],
)
def test_a_row_that_is_too_large_is_named(plan):
    with pytest.raises(RowTooLarge, match=r"A row .* \(3,000 bytes\)"):
        next(plan.jobs())()


def test_json_that_is_nested_too_deeply_is_a_malformed_answer():
    deep = b'{"success": true, "result": {"records": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
    with pytest.raises(AnswerMalformed):
        read_answer(deep)


@pytest.mark.parametrize("shape", [Shape.OBJECTS, Shape.ROWS, Shape.CSV])
def test_rows_that_are_not_utf_8_are_a_malformed_answer(shape):
    records = b'"1,\xff\xfe\\n"' if shape is Shape.CSV else b'[{"_id": 1, "a": "\xff\xfe"}]'
    body = b'{"success": true, "result": {"fields": [], "records": ' + records + b"}}"
    with pytest.raises(AnswerMalformed):
        read_batch(body, shape, RowDecoder([Field("_id", "int"), Field("a", "text")]), None)


def test_a_file_that_is_too_large_is_refused_before_it_is_read(serve):
    with pytest.raises(FileTooLarge):
        UrlSource(LOCAL, retry_policy=HASTY, max_bytes=1000).open(serve(b"x" * 1001))


def test_a_file_that_grows_when_it_is_unpacked_is_cut(serve):
    url = serve(zlib.compress(b"0" * 1_000_000), headers={"Content-Encoding": "deflate"})
    with pytest.raises(FileTooLarge):
        list(UrlSource(LOCAL, retry_policy=HASTY, max_bytes=10_000).open(url).chunks())


def test_a_ready_made_gz_file_is_packed_as_it_is(serve):
    packed = gzip.compress(json.dumps({"a": 1}).encode())
    url = serve(packed, headers={"Content-Encoding": "gzip"}, path="/data.json.gz")
    file = UrlSource(LOCAL, retry_policy=HASTY).open(url)
    assert b"".join(file.chunks()) == packed
    assert (file.name, file.size) == ("data.json.gz", len(packed))
