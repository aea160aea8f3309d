"""Many at once at the web server: people who ask, people who look, and people who download slowly."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from queue import Empty, Queue
from urllib.parse import urlencode, urlsplit

from tests.processes.installation import SECRET, Installation

_lock = threading.Lock()


@dataclass
class Seen:
    """What came of it: answers by status, those that should have said when to try again, and seconds of other pages."""

    answers: Counter[int] = field(default_factory=Counter)
    hasty: int = 0
    request_ids: list[str] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)

    def slowest(self, share: float = 0.99) -> float:
        """Seconds within which so many of the pages came."""
        return sorted(self.pages)[min(len(self.pages) - 1, int(len(self.pages) * share))]


def submit(portal: Installation, fields: dict[str, str], count: int, connections: int) -> Seen:
    """``count`` submissions from so many connections, each another one; whoever is put off tries again."""
    seen, numbers = Seen(), Queue[int]()
    for number in range(count):
        numbers.put(number)

    def work() -> None:
        with suppress(Empty):
            while True:
                number = numbers.get_nowait()
                form = {**fields, "email": f"person{number % 50}@example.org", "limit": str(number + 1)}
                while wait := _post(portal, form, seen):
                    time.sleep(wait)

    threads = [threading.Thread(target=work) for _ in range(connections)]
    with looking_on(portal, seen):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return seen


def _post(portal: Installation, form: dict[str, str], seen: Seen) -> float:
    """Seconds after which to try again; 0 if it was answered for good."""
    with closing(http.client.HTTPConnection("127.0.0.1", portal.port, timeout=120)) as connection:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/package_datastore", urlencode({"secret": SECRET, **form}), kind)
        answer = connection.getresponse()
        body = answer.read()
    later = answer.getheader("Retry-After")
    with _lock:
        seen.answers[answer.status] += 1
        seen.hasty += answer.status in (429, 503) and not later
        if answer.status == 200:
            seen.request_ids.append(json.loads(body)["request_id"])
    return min(2.0, float(later or 1)) if answer.status in (429, 503) else 0.0


@contextmanager
def looking_on(portal: Installation, seen: Seen) -> Iterator[None]:
    """Somebody opens other pages all the while."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.05):
            for page in ("/healthz", "/", "/api/v1/"):
                start = time.monotonic()
                portal.get(page)
                seen.pages.append(time.monotonic() - start)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


@contextmanager
def slow_readers(url: str, count: int) -> Iterator[list[bytes]]:
    """So many who ask for ``url`` at once and do not read on after the first bytes, which the list holds."""
    where = urlsplit(url)
    asked = f"GET {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode()
    readers, begun = [], []
    try:
        for _ in range(count):
            reader = socket.socket()
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.settimeout(120)
            reader.connect((where.hostname, where.port))
            reader.sendall(asked)
            readers.append(reader)
        begun += [reader.recv(1000) for reader in readers]
        yield begun
    finally:
        for reader in readers:
            reader.close()
