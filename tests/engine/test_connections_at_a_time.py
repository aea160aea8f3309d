"""A client has so many requests under way as it has connections, and lets none of them idle."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from packager.streaming.http import AddressRule, HttpClient


class Counting(BaseHTTPRequestHandler):
    """Counts the requests that are under way; the first ``together`` wait until as many are there, all stay a while."""

    together = threading.Barrier(2)
    lock = threading.Lock()
    now = most = served = 0

    def do_POST(self) -> None:
        kind = type(self)
        self.rfile.read(int(self.headers["Content-Length"]))
        with kind.lock:
            kind.now, kind.served = kind.now + 1, kind.served + 1
            kind.most = max(kind.most, kind.now)
            waits = kind.served <= kind.together.parties
        if waits:
            kind.together.wait(20)
        time.sleep(0.03)
        with kind.lock:
            kind.now -= 1
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def counting() -> Iterator[tuple[type[Counting], str]]:
    class Fresh(Counting):
        together = threading.Barrier(2)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Fresh)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Fresh, f"http://127.0.0.1:{server.server_port}/api"
    server.shutdown()
    thread.join()
    server.server_close()


def test_as_many_are_under_way_as_there_are_connections_and_no_more(counting):
    seen, url = counting
    client = HttpClient(AddressRule(("127.0.0.1",)), connections=2)
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda _: client.post(url, {}, bytes), range(12))) == [b"{}"] * 12
    client.close()
    assert (seen.most, seen.served) == (2, 12)


def test_a_connection_is_free_while_its_last_answer_is_taken_apart(counting):
    seen, url = counting
    seen.together = threading.Barrier(1)
    client, another = HttpClient(AddressRule(("127.0.0.1",)), connections=1), threading.Event()

    def slowly(body: bytes) -> bool:
        return another.wait(20)

    def and_tell(body: bytes) -> None:
        another.set()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(client.post, url, {}, slowly)
        pool.submit(client.post, url, {}, and_tell)
        assert first.result() is True
    client.close()
