"""One portal of real processes that is attacked over HTTP from all sides, as a stranger or an insider can."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import urllib3

from demo.ckan import DemoCkan
from tests.attacks import evil
from tests.attacks.evil import MIB, Evil
from tests.processes.installation import SECRET, Installation

PUBLIC_URL = "https://packages.example.org"
ENVIRONMENT = {
    "PUBLIC_URL": PUBLIC_URL,
    "ALLOWED_HOSTS": "packages.example.org,127.0.0.1",
    "TRUSTED_PROXIES": "1",
    "HSTS_SECONDS": "3600",
    "PACKAGER_MAX_PAGE_BYTES": str(4 * MIB),
    "PACKAGER_MAX_FILE_BYTES": str(8 * MIB),
    "PACKAGER_CONNECT_TIMEOUT": "2",
    "PACKAGER_READ_TIMEOUT": "5",
    "PACKAGER_PAGE_ATTEMPTS": "2",
    "PACKAGER_SLOW_WORKERS": "2",
    "PACKAGER_THROTTLE_KEY": "5000/min",
    "PACKAGER_THROTTLE_ADDRESS": "5000/min",
    "PACKAGER_THROTTLE_SECRET": "10/min",
    "PACKAGER_MAILS_PER_ADDRESS": "5/hour",
    "PACKAGER_WEBHOOK_HOSTS": "127.0.0.1",
    "PUSHER_ENABLED": "true",
    "PUSHER_SECRET": "the pusher's secret",
}


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Caller:
    """Somebody who calls from an address of their own, as the proxy in front says."""

    url: str
    address: str
    key: str = ""
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._pool = urllib3.PoolManager(maxsize=50, retries=False, timeout=urllib3.Timeout(60))

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One call; redirects are not followed, cookies are kept, ``Secure`` or not."""
        given = {"X-Forwarded-For": self.address, "X-Forwarded-Proto": "https"}
        given |= {"Authorization": f"Bearer {self.key}"} if self.key else {}
        given |= {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        address = path if path.startswith("http") else self.url + path
        found = self._pool.request(method, address, body=body, headers=given, redirect=False)
        for cookie in found.headers.getlist("Set-Cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return Answer(found.status, found.headers, found.data)

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, **headers)

    def post_json(self, path: str, body: Any, **headers: str) -> Answer:
        sent = body if isinstance(body, str | bytes) else json.dumps(body)
        return self.call("POST", path, sent, **{"Content-Type": "application/json", **headers})

    def post_form(self, path: str, fields: dict[str, str], **headers: str) -> Answer:
        return self.call(
            "POST", path, urlencode(fields), **{"Content-Type": "application/x-www-form-urlencoded", **headers}
        )


@dataclass
class Target:
    """The portal under attack."""

    installation: Installation
    ckan: DemoCkan
    evil: Evil
    _addresses: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _limits: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def caller(self, *, with_key: bool = False, scopes: tuple[str, ...] = ()) -> Caller:
        """Somebody new."""
        number = next(self._addresses)
        key = self.new_key(*scopes) if with_key else ""
        return Caller(self.installation.url, f"203.0.{number // 250}.{number % 250 + 1}", key)

    def new_key(self, *scopes: str) -> str:
        """An API key."""
        options = [word for scope in scopes for word in ("--scope", scope)]
        return str(json.loads(self.installation.manage("make_api_key", "an attacker", "--json", *options))["api_key"])

    def body(self, api_url: str = "", **more: Any) -> dict[str, Any]:
        """That of a request for the API, like no other."""
        fields = {"resource_id": self.ckan.id("specimens"), "api_url": api_url or self.ckan.api_url}
        return {**fields, "limit": next(self._limits), **more}

    def form(self, api_url: str = "", **more: str) -> dict[str, str]:
        """The same for the endpoints of ckanpackager."""
        fields = {name: str(value) for name, value in self.body(api_url).items()}
        return {**fields, "secret": SECRET, "email": "ada@example.org", **more}

    def end_of(self, caller: Caller, request_id: str, seconds: float = 120) -> dict[str, Any]:
        """How a request ended."""

        def over() -> dict[str, Any] | None:
            found = caller.get(f"/api/v1/requests/{request_id}/").json
            return found if found["status"] not in ("queued", "running") else None

        return dict(self.installation.wait(over, seconds))

    def cancel_all(self) -> None:
        """Cancel what is under way, as their requesters can."""
        caller = self.caller()
        tokens = self.installation.column("SELECT token FROM packager_packagerequest WHERE finished_at IS NULL")
        for token in tokens:
            caller.call("POST", f"/requests/{token}/cancel")

    @property
    def largest(self) -> dict[str, int]:
        """The most memory that each process has had, in MiB."""
        found = {}
        for name in ("web", "fast", "slow"):
            main = self.installation.processes[name].pid
            for pid in [main, *self.installation.children(name)]:
                with suppress(FileNotFoundError, ProcessLookupError):  # it may have ended since
                    peak = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
                    found[f"{name} {pid}"] = int(peak[1]) // 1024 if peak else 0
        return found

    @property
    def logs(self) -> str:
        """All that was logged."""
        return "\n".join(path.read_text(errors="replace") for path in self.installation.directory.glob("*.log"))


@pytest.fixture(scope="session")
def target(tmp_path_factory) -> Iterator[Target]:
    """The portal, a data portal that is well, and one that is not."""
    with DemoCkan(rows=500, rows_max=100) as ckan, evil.running() as bad:
        environment = {**ENVIRONMENT, "PACKAGER_CKAN_HOSTS": f"{ckan.host},{bad.host}"}
        directory = tmp_path_factory.mktemp("attacked")
        with Installation(directory, "", web_options=("--threads", "8"), **environment) as installation:
            yield Target(installation, ckan, bad)
