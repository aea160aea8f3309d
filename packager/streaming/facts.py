"""What may be said in public about a resource, picked from what CKAN knows of it.

Only the keys named here are read from CKAN's ``resource_show`` and ``package_show``. What is missing stays empty and is
left out of every text; nothing is made up.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit, urlunsplit

from packager.streaming.types import Query

REMOVED = "[e-mail address removed]"

_EMAIL = re.compile(r"""(?:mailto:)?[^\s"'<>()\[\]{},;:\\/|]+@[^\s"'<>()\[\]{},;:\\/|@]+\.[^\W\d_]{2,}""")
_INTERNAL_SUFFIXES = (".local", ".localhost", ".internal", ".lan", ".home", ".intranet", ".corp", ".svc", ".test")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a package comes from: the address of the CKAN site (or none), the resource, and when it was made (with a
    time zone). ``query`` is None for a file, ``file_url`` empty for a table; ``query_lines`` say the query in words.
    ``doi`` is one that came with the request.
    """

    ckan_url: str
    resource_id: str
    made: datetime
    query: Query | None = None
    query_lines: tuple[str, ...] = ()
    file_url: str = ""
    doi: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Texts about a resource and its dataset; empty where CKAN says nothing."""

    resource: str = ""
    dataset: str = ""
    description: str = ""
    name: str = ""
    authors: str = ""
    publisher: str = ""
    year: str = ""
    version: str = ""
    licence_id: str = ""
    licence: str = ""
    licence_url: str = ""
    doi: str = ""
    page: str = ""


def facts_of(description: Mapping[str, object], origin: Origin) -> Facts:
    """The facts in ``{"resource": {...}, "dataset": {...}}`` (see ``sources.base.Describes``), as far as they go."""
    resource, dataset = _mapping(description.get("resource")), _mapping(description.get("dataset"))
    return Facts(
        resource=_text(resource.get("name")),
        dataset=_text(dataset.get("title")) or _text(dataset.get("name")),
        description=_text(resource.get("description")) or _text(dataset.get("notes")),
        name=_text(dataset.get("name")),
        authors=_people(dataset.get("author")),
        publisher=_publisher(_mapping(dataset.get("organization"))),
        year=_year(dataset.get("metadata_created")),
        version=_text(dataset.get("version")),
        licence_id=_text(dataset.get("license_id")),
        licence=_text(dataset.get("license_title")) or _text(dataset.get("license_id")),
        licence_url=public_url(_text(dataset.get("license_url"))),
        doi=doi_url(_text(origin.doi) or _text(dataset.get("doi"))),
        page=_page(public_url(origin.ckan_url), _text(dataset.get("name")), origin.resource_id),
    )


def without_addresses(text: str) -> str:
    """The text with e-mail addresses taken out."""
    return _EMAIL.sub(REMOVED, text)


def public_url(url: str) -> str:
    """The address without user, password, query and fragment; empty if it is none that the public could open."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not _is_public(host):
        return ""
    shown = f"[{host}]" if ":" in host else host
    return urlunsplit((parts.scheme, f"{shown}:{port}" if port else shown, parts.path, "", ""))


def doi_url(doi: str) -> str:
    """``10.5519/x``, ``doi:10.5519/x`` and ``https://doi.org/10.5519/x`` as the last of these; else empty."""
    found = re.search(r"10\.\d{4,9}/\S+", doi)
    return f"https://doi.org/{found[0]}" if found else ""


def _is_public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host.strip(".") and not host.lower().rstrip(".").endswith(_INTERNAL_SUFFIXES)


def _page(site: str, dataset: str, resource_id: str) -> str:
    if not site or not dataset:
        return site
    return f"{site.rstrip('/')}/dataset/{quote(dataset, safe='')}/resource/{quote(resource_id, safe='')}"


def _publisher(organization: Mapping[str, object]) -> str:
    return _text(organization.get("title")) or _text(organization.get("name"))


def _people(value: object) -> str:
    """Authors are one text in CKAN; extensions make a list of them, of names or of objects with a ``name``."""
    items = value if isinstance(value, list) else [value]
    names = (_text(_mapping(item).get("name")) or _text(item) for item in items)
    return "; ".join(filter(None, (without_addresses(name).replace(REMOVED, "").strip(" <>()") for name in names)))


def _year(value: object) -> str:
    found = re.match(r"\d{4}(?=-)", _text(value))
    return found[0] if found else ""


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
