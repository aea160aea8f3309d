"""Calls of the portal's API (``/api/v1/``), within one time limit that counts everything.

``requests`` limits the silence between two bytes, but neither the name's resolution nor a dripping answer. So each
call runs in a thread of its own, and whoever asked waits for it no longer than the limit says.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from flask import g, has_request_context
from urllib3.exceptions import MaxRetryError

from ckanext.packaging_portal import settings
from ckanext.packaging_portal.errors import PortalRefused, PortalUnavailable

log = logging.getLogger(__name__)
#: No answer of the portal comes near it.
LARGEST_ANSWER = 10_000_000


@dataclass
class Answer:
    """What came back: the JSON, and the headers (their names in lower case)."""

    status: int
    data: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class _Outcome:
    answer: Answer | None = None
    error: PortalUnavailable | None = None


def call(method: str, path: str, *, seconds: float | None = None, **what: Any) -> Answer:
    """Call the portal.

    Args:
        method, path: for example ``GET`` and ``/api/v1/requests/``.
        seconds: how long it may take. By default what is left of ``timeout``, which all calls share that are made
            while one page or call of CKAN is answered.
        what: ``json``, ``params`` and ``headers`` of ``requests``.

    Raises:
        PortalUnavailable: it is not configured, did not answer in time, or not as it should.
        PortalRefused: it answered with a problem.
    """
    deadline = time.monotonic() + seconds if seconds is not None else _deadline()
    outcome = _Outcome()
    thread = threading.Thread(target=_run, args=(outcome, method, path, deadline, what, _access()), daemon=True)
    thread.start()
    thread.join(max(0.0, deadline - time.monotonic()))
    answer = outcome.answer
    if answer is None:
        raise _noted(outcome.error or PortalUnavailable("did not answer in time"))
    if answer.status >= 400:
        raise PortalRefused(answer.status, answer.data)
    return answer


def _deadline() -> float:
    """When the calls of this request of CKAN must be over."""
    end = time.monotonic() + float(settings.get("timeout"))
    if not has_request_context():
        return end
    if "packaging_portal_deadline" not in g:
        g.packaging_portal_deadline = end
    if g.packaging_portal_deadline <= time.monotonic():
        raise _noted(PortalUnavailable("the time for calls is used up", certain=True))
    return float(g.packaging_portal_deadline)


def _access() -> tuple[str, str]:
    url, key = settings.portal_url(), settings.secret("api_key")
    if not url or not key:
        raise _noted(PortalUnavailable("url or api_key is not set", certain=True))
    return url, key


def _noted(error: PortalUnavailable) -> PortalUnavailable:
    """The error, written to the log, and remembered so that CKAN's API answers with its status."""
    log.warning("The packaging portal is unavailable: %s", error.detail)
    if has_request_context():
        g.packaging_portal_unavailable = error
    return error


def _run(outcome: _Outcome, method: str, path: str, deadline: float, what: Any, access: tuple[str, str]) -> None:
    # in a thread: no context of Flask here, and no translation either
    try:
        outcome.answer = _exchange(method, path, deadline, what, access)
    except PortalUnavailable as error:
        outcome.error = error
    except requests.ConnectionError as error:
        # urllib3 gives up connecting with MaxRetryError; anything else came after that
        never = bool(error.args) and isinstance(error.args[0], MaxRetryError)
        outcome.error = PortalUnavailable(f"no connection ({type(error).__name__})", certain=never, broken=not never)
    except (requests.RequestException, ValueError, OSError) as error:
        outcome.error = PortalUnavailable(f"no answer ({type(error).__name__})")


def _exchange(method: str, path: str, deadline: float, what: Any, access: tuple[str, str]) -> Answer:
    url, key = access
    headers = {"Authorization": f"Bearer {key}", "Accept": "application/json", **what.pop("headers", {})}
    with requests.Session() as session:
        session.trust_env = False  # .netrc would replace our Authorization
        response = session.request(
            method,
            url + path,
            headers=headers,
            timeout=max(0.1, deadline - time.monotonic()),
            stream=True,
            allow_redirects=False,
            **what,
        )
        with response:
            return _read(response, deadline)


def _read(response: requests.Response, deadline: float) -> Answer:
    body = b""
    for piece in response.iter_content(1 << 16):
        body += piece
        if time.monotonic() > deadline or len(body) > LARGEST_ANSWER:
            raise PortalUnavailable("the answer is too slow or too large")
    headers = {name.lower(): value for name, value in response.headers.items()}
    problem = headers.get("content-type", "").startswith("application/problem+json")
    if not (response.ok or problem) or 300 <= response.status_code < 400 or response.status_code >= 500:
        raise PortalUnavailable(f"HTTP {response.status_code}")
    return Answer(response.status_code, json.loads(body) if body else None, headers)
