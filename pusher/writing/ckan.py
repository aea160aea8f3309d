"""CKAN's action API, as far as a push needs it. What CKAN refuses, and that it is away, become our errors here."""

from __future__ import annotations

from collections.abc import Mapping
from http.client import responses
from typing import Any

import msgspec

from packager.errors import AddressForbidden, SourceBusy, SourceError
from packager.streaming.http import HttpClient, reason_of
from pusher.errors import AddressNotAllowed, CkanAway, CkanRefused

NOT_FOUND = 404
#: Too much for what stands before CKAN, or too long: less at a time may pass.
TOO_MUCH = (413, 502, 504)


class Ckan:
    """The actions of one site. ``key`` is a token, or ``Header:value`` for a header of its own."""

    def __init__(self, client: HttpClient, url: str, key: str) -> None:
        self.url = url.rstrip("/")
        self._client = client
        name, found, value = key.partition(":")
        self._headers = {name.strip() if found else "Authorization": value.strip() if found else key}

    def action(self, name: str, body: bytes | Mapping[str, object], *, attempts: int = 1) -> Any:
        """The ``result`` of an action.

        Raises:
            CkanRefused: CKAN said no, with CKAN's sentence; ``status`` 404 where it knows no such thing.
            CkanAway: no answer, or 5xx, as often as was tried.
        """
        payload = body if isinstance(body, bytes) else msgspec.json.encode(body)
        try:
            return self._client.retry(lambda: self._once(name, payload), attempts)
        except AddressForbidden:
            raise AddressNotAllowed from None
        except SourceError as error:
            raise CkanAway(f"{name}: {error.message} {error.detail}", status=error.params.get("status", 0)) from None

    def _once(self, name: str, payload: bytes) -> Any:
        url = f"{self.url}/api/3/action/{name}"
        headers = {"Content-Type": "application/json", **self._headers}
        status, content = self._client.ask(url, payload, headers)
        if status >= 500 or status in (408, 413, 429):
            raise SourceBusy(reason_of(content), status=status)
        return _result(status, content, url)

    def pause(self, attempt: int) -> None:
        """Wait before the next try. Raises CkanAway if the client was closed meanwhile."""
        policy = self._client.retry_policy
        try:
            self._client.pause(policy.delay(attempt, CkanAway()))
        except SourceError:
            raise CkanAway("closed") from None

    def find(self, name: str, body: Mapping[str, object]) -> Any:
        """As ``action``, but None where CKAN knows no such thing."""
        try:
            return self.action(name, body, attempts=3)
        except CkanRefused as error:
            if error.status == NOT_FOUND:
                return None
            raise


def _result(status: int, content: bytes, url: str) -> Any:
    try:
        answer = msgspec.json.decode(content)
        if status == 200 and answer["success"]:
            return answer["result"]
    except (msgspec.DecodeError, KeyError, TypeError):
        raise CkanRefused(_bad_response(status, url), status=status) from None
    raise CkanRefused(_sentence(content, status, url), status=status)


def _bad_response(status: int, url: str) -> str:
    # CKAN's address may be one of our own network, which is nobody's business
    path = url[url.index("/api/") :]
    return f"CKAN bad response. Status code: {status} {responses.get(status, '')}. At: {path}."


def _sentence(content: bytes, status: int, url: str) -> str:
    reason = reason_of(content).removeprefix("message: ")
    return f"{reason.rstrip('.')}." if reason else _bad_response(status, url)
