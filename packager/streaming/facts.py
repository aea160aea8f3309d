"""What may be said in public about a resource, picked from what CKAN knows of it.

Only the keys named here are read from CKAN's ``resource_show`` and ``package_show``. What is missing stays empty and is
left out of every text; nothing is made up.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import ClassVar
from urllib.parse import quote, urlsplit, urlunsplit

from packager.streaming.addresses import is_public
from packager.streaming.types import Query

REMOVED = "[email address removed]"
#: As many characters of a title are kept.
LONGEST_TITLE = 300

#: As much of a text of CKAN's as is taken over, in characters.
LONGEST = 100_000
#: What is written without a gap, from one separator to the next. Possessive: foreign text, and each letter of it is
#: looked at once.
_WORD = re.compile(r"""(?:mailto:)?[^\s"'<>()\[\]{},;:\\/|]++""")
_TOP_LEVEL = re.compile(r"\.[^\W\d_]{2,}+")
_DOI = re.compile(r"10\.\d{4,9}/\S+")
_YEAR = re.compile(r"\d{4}(?=-)")
#: Marks that embed, override or isolate a direction of writing (Unicode, annex 9).
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INTERNAL_SUFFIXES = (".local", ".localhost", ".internal", ".lan", ".home", ".intranet", ".corp", ".svc", ".test")


@dataclass(frozen=True, slots=True)
class Titles:
    """What people call a resource, its dataset and its organisation, and CKAN's name of the dataset, which its address
    has. Each on one line; empty where CKAN says nothing. False if nothing is known.
    """

    NAMES: ClassVar[tuple[str, ...]] = ("resource_title", "dataset_title", "organization_title", "dataset_name")

    resource_title: str = ""
    dataset_title: str = ""
    organization_title: str = ""
    dataset_name: str = ""

    def __bool__(self) -> bool:
        return bool(self.resource_title or self.dataset_title)

    @property
    def columns(self) -> dict[str, str]:
        """By their names."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a package comes from: the address of the CKAN site (or none), the resource, and when it was made (with a
    time zone). ``query`` is None for a file, ``file_url`` empty for a table; ``query_lines`` say the query in words.
    ``doi`` is one that came with the request, ``titles`` are those that are known where the source does not tell them.
    """

    ckan_url: str
    resource_id: str
    made: datetime
    query: Query | None = None
    query_lines: tuple[str, ...] = ()
    file_url: str = ""
    doi: str = ""
    titles: Titles = Titles()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a resource and its dataset; empty where CKAN says nothing."""

    resource: str = ""
    dataset: str = ""
    description: str = ""
    name: str = ""
    authors: tuple[str, ...] = ()
    publisher: str = ""
    year: str = ""
    version: str = ""
    licence_id: str = ""
    licence: str = ""
    licence_url: str = ""
    doi: str = ""
    page: str = ""

    @property
    def full_title(self) -> str:
        """Dataset and resource in one line; each once."""
        return ", ".join(dict.fromkeys(filter(None, (self.dataset, self.resource))))


def titles_of(description: Mapping[str, object]) -> Titles:
    """The titles in ``{"resource": {...}, "dataset": {...}}`` (see ``sources.base.Describes``)."""
    resource, dataset = _mapping(description.get("resource")), _mapping(description.get("dataset"))
    return Titles(
        resource_title=_title(_text(resource.get("name"))),
        dataset_title=_title(_text(dataset.get("title")) or _text(dataset.get("name"))),
        organization_title=_title(_publisher(_mapping(dataset.get("organization")))),
        dataset_name=_text(dataset.get("name"))[:255],
    )


def facts_of(description: Mapping[str, object], origin: Origin) -> Facts:
    """The facts in ``{"resource": {...}, "dataset": {...}}`` (see ``sources.base.Describes``), as far as they go."""
    resource, dataset = _mapping(description.get("resource")), _mapping(description.get("dataset"))
    known, name = origin.titles, _text(dataset.get("name")) or origin.titles.dataset_name
    year = _YEAR.match(_text(dataset.get("metadata_created")))
    site = public_url(origin.ckan_url)
    below = f"/dataset/{quote(name, safe='')}/resource/{quote(origin.resource_id, safe='')}"
    return Facts(
        resource=_text(resource.get("name")) or known.resource_title,
        dataset=_text(dataset.get("title")) or _text(dataset.get("name")) or known.dataset_title,
        description=_text(resource.get("description")) or _text(dataset.get("notes")),
        name=name,
        authors=_people(dataset.get("author")),
        publisher=_publisher(_mapping(dataset.get("organization"))) or known.organization_title,
        year=year[0] if year else "",
        version=_text(dataset.get("version")),
        licence_id=_text(dataset.get("license_id")),
        licence=_text(dataset.get("license_title")) or _text(dataset.get("license_id")),
        licence_url=public_url(_text(dataset.get("license_url"))),
        doi=doi_url(_text(origin.doi) or _text(dataset.get("doi"))),
        page=site.rstrip("/") + below if site and name else site,
    )


def without_addresses(text: str) -> str:
    """The text with e-mail addresses taken out."""
    return _WORD.sub(_without_address, text) if "@" in text else text


def _without_address(found: re.Match[str]) -> str:
    """A word without the address in it: up to the last top-level domain behind an ``@``."""
    parts = found[0].split("@")
    for i in range(len(parts) - 1, 0, -1):
        ends = [top.end() for top in _TOP_LEVEL.finditer(parts[i], 1)]
        if ends and any(parts[:i]):
            return "@".join([REMOVED + parts[i][ends[-1] :], *parts[i + 1 :]])
    return found[0]


def public_url(url: str) -> str:
    """The address without user, password, query and fragment; empty if it is none that the public could open."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    try:
        public = is_public(host)
    except ValueError:
        public = "." in host.strip(".") and not host.lower().rstrip(".").endswith(_INTERNAL_SUFFIXES)
    if parts.scheme not in ("http", "https") or not public:
        return ""
    shown = f"[{host}]" if ":" in host else host
    return urlunsplit((parts.scheme, f"{shown}:{port}" if port else shown, parts.path, "", ""))


def doi_url(doi: str) -> str:
    """``10.5519/x``, ``doi:10.5519/x`` and ``https://doi.org/10.5519/x`` as the last of these; else empty."""
    found = _DOI.search(doi)
    return f"https://doi.org/{found[0]}" if found else ""


def _publisher(organization: Mapping[str, object]) -> str:
    return _text(organization.get("title")) or _text(organization.get("name"))


def _people(value: object) -> tuple[str, ...]:
    """Authors are one text in CKAN; extensions make a list of them, of names or of objects with a ``name``."""
    items = value if isinstance(value, list) else [value]
    texts = (_text(_mapping(item).get("name")) or _text(item) for item in items)
    names = (name for text in texts for name in without_addresses(text).replace(REMOVED, "").split(";"))
    return tuple(filter(None, (name.strip(" <>()") for name in names)))


def _title(text: str) -> str:
    """On one line, without e-mail addresses and what would change the direction of the text around it."""
    kept = "".join(" " if unicodedata.category(char) == "Cc" else char for char in text if char not in _DIRECTIONS)
    line = " ".join(without_addresses(kept).replace(REMOVED, "").split())
    return line if len(line) <= LONGEST_TITLE else f"{line[: LONGEST_TITLE - 1]}…"


def _text(value: object) -> str:
    return value[:LONGEST].strip() if isinstance(value, str) else ""


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
