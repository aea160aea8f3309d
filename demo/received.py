"""A request as the stand-in received it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl


@dataclass(slots=True)
class Received:
    """A request: header names in lower case, ``body`` parsed.

    ``body`` is a dict, or the reason why it is none, in CKAN's words.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes = field(repr=False)
    body: dict[str, Any] | str = field(init=False)

    def __post_init__(self) -> None:
        self.body = _parsed(self.raw, self.headers.get("content-type", ""))

    @property
    def parameters(self) -> dict[str, Any]:
        """What an action gets: of the body, and of the address."""
        return dict(self.query) | (self.body if isinstance(self.body, dict) else {})


def _parsed(raw: bytes, content_type: str) -> dict[str, Any] | str:
    """CKAN takes JSON with any content type, and forms."""
    if not raw.strip():
        return {}
    if "json" not in content_type and not raw.lstrip().startswith(b"{"):
        return dict(parse_qsl(raw.decode(), keep_blank_values=True))
    try:
        parsed = json.loads(raw)
    except ValueError:
        return "JSON Error: Error decoding JSON data."
    if isinstance(parsed, dict):
        return parsed
    return f"JSON Error: Request data JSON decoded to {parsed} but it needs to be a dictionary."
