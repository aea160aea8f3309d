"""The one HTTP client of the engine: guarded, timed, retried, interruptible. Foreign exceptions become ours here.

Error details name the host and the kind of fault only: no path, no query string, no key.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import NoReturn, TypeVar
from urllib.parse import SplitResult, urljoin, urlsplit

import msgspec
from urllib3 import BaseHTTPResponse, Timeout
from urllib3.exceptions import ConnectTimeoutError, HTTPError, ReadTimeoutError

from packager.errors import (
    AddressForbidden,
    AnswerMalformed,
    AnswerTooLarge,
    NotPermitted,
    PackagerError,
    QueryRejected,
    ResourceNotFound,
    SourceBusy,
    SourceError,
    SourceTimeout,
    SourceUnreachable,
)
from packager.streaming.addresses import PORTS, AddressRule
from packager.streaming.connections import Guard, pool_manager

__all__ = ["AddressRule", "Clients", "HttpClient", "RetryPolicy"]

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 5
#: As much of an answer's body as is read to learn why it is not a good one.
REASON_BYTES = 65536
#: Bytes of an answer that are taken in one piece, after they were unpacked, unless a client is told otherwise.
MOST_BYTES = 256 * 1024**2
#: Bytes read at a time of an answer that does not say how long it is.
PIECE = 1024**2

T = TypeVar("T")


class Clients:
    """The clients that a source has made, so that they can be closed together, whichever thread waits for one."""

    def __init__(self) -> None:
        self._made: list[HttpClient] = []
        self._closed = False

    def add(self, client: HttpClient) -> HttpClient:
        """``client``, remembered; closed at once if its group is closed already."""
        self._made.append(client)
        if self._closed:
            client.close()
        return client

    def close(self) -> None:
        """Close every client, and those that are still to come."""
        self._closed = True
        for client in tuple(self._made):
            client.close()


@dataclass(frozen=True)
class RetryPolicy:
    """How long to wait and how often to try. All times in seconds.

    ``read`` is the longest silence within an answer; ``longest_delay`` caps the pause between tries, and what
    ``Retry-After`` may ask for.
    """

    connect: float = 10.0
    read: float = 180.0
    attempts: int = 5
    base_delay: float = 0.5
    longest_delay: float = 60.0

    def delay(self, attempt: int, error: PackagerError) -> float:
        """The pause after the ``attempt``-th failure (from 0): what the server asked for, else exponential, spread."""
        asked = error.retry_after if isinstance(error, SourceBusy) else None
        if asked is not None:
            return min(asked, self.longest_delay)
        most: float = min(self.base_delay * 2**attempt, self.longest_delay)
        return most * random.uniform(0.5, 1.0)  # noqa: S311  (spreads load, keeps no secret)


class HttpClient:
    """Reads from where ``rule`` permits. Safe to use from several threads.

    ``key`` is sent as ``Authorization``, to the host of ``key_for`` (an address) only. ``most`` bounds the
    bodies that are read in one piece, in bytes; ``connections`` how many are on their way at a time.
    """

    def __init__(
        self,
        rule: AddressRule,
        *,
        key: str | None = None,
        key_for: str = "",
        retry_policy: RetryPolicy | None = None,
        connections: int = 2,
        most: int = MOST_BYTES,
    ) -> None:
        self.retry_policy = retry_policy or RetryPolicy()
        self._most = most
        self._rule = rule
        self._key = key
        # the same origin, or the same host by the default port of https where http was meant
        meant = _origin(rule.check_url(key_for)) if key and key_for else None
        self._key_origins = {meant, (meant[0], "https", PORTS["https"])} if meant else set()
        self._guard = Guard(rule)
        self._pools = pool_manager(self._guard, connections)
        self._turns = threading.BoundedSemaphore(connections)
        self._closed = threading.Event()
        self._timeout = Timeout(connect=self.retry_policy.connect, read=self.retry_policy.read)

    def post(self, url: str, payload: object, read: Callable[[bytes], T], *, attempts: int | None = None) -> T:
        """POST ``payload`` as JSON and return what ``read`` makes of the answer's body.

        The whole, ``read`` included, is tried again when it raises a retryable error: ``attempts`` times in all
        (as ``retry_policy`` says by default).

        Raises:
            SourceError: as the answer, or ``read``, says; ``AnswerTooLarge`` if it has more bytes than are taken.
        """
        body = msgspec.json.encode(payload)
        headers = {"Content-Type": "application/json", "Accept": "application/json"}

        def answer() -> bytes:
            with self._turns:
                return self._body(self._send("POST", url, headers, body))

        return self.retry(lambda: read(answer()), attempts)

    def get(self, url: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
        """GET, tried again as above. The answer (200 or 206) is not read yet: see ``stream``."""
        return self.retry(lambda: self._send("GET", url, headers, None))

    def ask(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """POST ``body`` once, follow no redirect; the answer's status and body, whatever it is. Raises SourceError."""
        response = self._hop("POST", url, headers, body)
        return response.status, self._body(response)

    def tell(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """POST ``body`` once, follow no redirect, leave the answer's body unread; returns the status.

        Raises:
            AddressForbidden, SourceUnreachable, SourceTimeout: there was no answer.
            SourceError: closed before the answer was there.
        """
        response = self._hop("POST", url, headers, body)
        response.close()
        if self._closed.is_set():
            _raise_closed()  # to the parser, headers that were cut off look like all there are
        return response.status

    def fetch(self, url: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
        """GET once, redirects followed; the answer whatever its status, not read yet. Raises SourceError."""
        return self._follow("GET", url, headers, None)

    def stream(self, response: BaseHTTPResponse, size: int, *, unpack: bool = True) -> Iterator[bytes]:
        """The body of an answer in pieces of at most ``size`` bytes; ``unpack``: without its Content-Encoding.

        Raises:
            SourceUnreachable: it breaks off.
        """
        with self._translated():
            # Not ``read``, which loses what came of a piece that breaks off.
            while piece := response.read1(size, decode_content=unpack):
                yield piece

    def retry(self, work: Callable[[], T], attempts: int | None = None) -> T:
        """What ``work`` returns, tried again after a pause while it raises retryable errors."""
        most = attempts or self.retry_policy.attempts
        for attempt in range(most - 1):
            try:
                return work()
            except PackagerError as error:
                if not error.retryable:
                    raise
                self.pause(self.retry_policy.delay(attempt, error))
        return work()

    def pause(self, seconds: float) -> None:
        """Sleep, unless closed. Raises SourceError once closed."""
        if self._closed.wait(seconds):
            _raise_closed()

    def close(self) -> None:
        """Cut every connection and end every pause, whichever thread waits. Safe to call twice."""
        self._closed.set()
        self._guard.abort()
        self._pools.clear()

    def _body(self, response: BaseHTTPResponse) -> bytes:
        length, pieces, size = response.headers.get("Content-Length", ""), [], 0
        with self._translated():
            fits = length.isdecimal() and int(length) <= self._most and "Content-Encoding" not in response.headers
            while piece := response.read(None if fits else PIECE):
                pieces.append(piece)
                size += len(piece)
                if size > self._most:
                    response.close()
                    raise AnswerTooLarge(most=self._most)
            response.release_conn()
        return b"".join(pieces)

    def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> BaseHTTPResponse:
        response = self._follow(method, url, headers, body)
        if response.status in (200, 206):
            return response
        with self._translated():
            content = response.read(REASON_BYTES)
        response.close()
        raise _refusal(response, content)

    def _follow(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> BaseHTTPResponse:
        for _ in range(MOST_REDIRECTS + 1):
            response = self._hop(method, url, headers, body)
            if response.status not in REDIRECTS:
                return response
            response.close()
            location = response.headers.get("Location", "")
            try:
                url = urljoin(url, location)
                good = location and urlsplit(url).port != 0
            except ValueError:
                good = False
            if not good:
                raise AnswerMalformed("a redirect to what is no address")
        raise SourceError("too many redirects")

    def _hop(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> BaseHTTPResponse:
        parts = self._rule.check_url(url)
        if self._closed.is_set():
            _raise_closed()
        sent = {"Accept-Encoding": "identity", "User-Agent": "packaging-portal", **headers}
        if self._key is not None and _origin(parts) in self._key_origins:
            sent["Authorization"] = self._key
        with self._translated():
            return self._pools.request(
                method,
                url,
                body=body,
                headers=sent,
                preload_content=False,
                redirect=False,
                retries=False,
                timeout=self._timeout,
            )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            if self._closed.is_set():
                _raise_closed()
            kind = type(error).__name__
            if isinstance(error, ConnectTimeoutError | ReadTimeoutError | TimeoutError):
                raise SourceTimeout(kind) from None
            if isinstance(error, ValueError) and not isinstance(error, HTTPError):
                raise AddressForbidden("not a valid address") from None
            raise SourceUnreachable(kind) from None


def _raise_closed() -> NoReturn:
    raise SourceError("closed while it was read")


def _origin(parts: SplitResult) -> tuple[str | None, str, int]:
    return parts.hostname, parts.scheme, parts.port or PORTS[parts.scheme]


def _refusal(response: BaseHTTPResponse, content: bytes) -> SourceError:
    """The error that an answer other than 200 stands for."""
    status = response.status
    if status in (401, 403):
        return NotPermitted(f"HTTP {status}")
    if status in (404, 410):
        return ResourceNotFound(f"HTTP {status}")
    if status == 408:
        return SourceTimeout("HTTP 408")
    if status == 429 or status >= 500:
        return SourceBusy(status=status, retry_after=retry_after(response.headers.get("Retry-After")))
    return QueryRejected(reason=reason_of(content) or f"HTTP {status}")


def retry_after(value: str | None) -> float | None:
    """Seconds from a ``Retry-After`` header (RFC 9110, 10.2.3): a number of seconds or a date. None if unreadable."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - datetime.now(UTC).timestamp())


def reason_of(content: bytes) -> str:
    """Why CKAN refused, from ``{"error": {"__type": ..., field: [sentence, ...]}}``; empty if it does not say.

    ``info`` is left out: it quotes the SQL statement.
    """
    try:
        error = msgspec.json.decode(content).get("error")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, AttributeError):
        return ""
    if not isinstance(error, dict):
        return str(error or "")[:300]
    told = {name: value for name, value in error.items() if name not in ("__type", "info")}
    texts = {name: " ".join(map(str, value)) if isinstance(value, list) else value for name, value in told.items()}
    return "; ".join(f"{name}: {text}" for name, text in texts.items())[:300]
