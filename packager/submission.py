"""What somebody asks for, before it is saved."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

from packager.models import Kind, PackageRequest
from packager.security import encryption
from packager.streaming.types import Query


@dataclass(frozen=True, slots=True)
class Submission:
    """A request that has been read, but not yet accepted.

    ``parameters`` are those of ``Query`` without the resource id, and only those that were given. ``key`` is the
    requester's CKAN key; it is never shown. ``options`` belong to the format.
    """

    kind: str
    resource_id: str
    format: str
    email: str = ""
    api_url: str = ""
    resource_url: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    key: str = field(default="", repr=False)
    doi: str = ""
    language: str = ""
    webhook_url: str = ""

    @property
    def source_url(self) -> str:
        """Where the data come from."""
        return self.resource_url if self.kind == Kind.URL else self.api_url

    @property
    def ckan_host(self) -> str:
        """``host`` or ``host:port`` of the data portal."""
        return urlsplit(self.source_url).netloc.lower()

    @property
    def query(self) -> Query:
        """What CKAN is asked for."""
        return query_from(self.resource_id, self.parameters)

    @property
    def fingerprint(self) -> str:
        """The same for all requests that the same package answers. A key is part of it, an address is not."""
        shape = {
            "kind": self.kind,
            "source": self.source_url,
            "resource": self.resource_id,
            "query": asdict(self.query),
            "format": self.format,
            "options": dict(self.options),
            "doi": self.doi,
            "key": encryption.mark(self.key),
        }
        return hashlib.sha256(json.dumps(shape, sort_keys=True, default=str).encode()).hexdigest()


def query_from(resource_id: str, given: Mapping[str, Any]) -> Query:
    """A ``Query`` from parameters as they are saved with a request (JSON has lists where Query has tuples)."""
    return Query(resource_id, **{**given, "fields": tuple(given.get("fields", ()))})


def from_request(request: PackageRequest) -> Submission:
    """The submission out of which ``request`` was made."""
    same = ("kind", "resource_id", "format", "email", "api_url", "resource_url", "parameters", "options")
    more = ("doi", "language", "webhook_url")
    values = {name: getattr(request, name) for name in same + more}
    return Submission(**values, key=encryption.decrypt(request.encrypted_key) or "")
