"""What the stand-in holds: datasets, and resources with their tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from demo.data import COLUMNS, HARD_COLUMNS, hard_rows, specimens
from demo.render import DELIMITERS, Style
from demo.table import Table

MADE = "2024-02-29T12:00:00.000000"
CHUNK = 8192  # rows a piece of a streamed file


def make_id(name: str) -> str:
    """The same id for the same name, always."""
    return str(uuid5(NAMESPACE_URL, f"https://demo.example.org/{name}"))


@dataclass(slots=True)
class Resource:
    """A resource with a datastore table.

    ``stored_total`` is the count that CKAN believes, where that is not the real one. ``file`` is what was uploaded,
    where that is not the table, which is there once it is ``active``; ``pushed`` says how its last push ended.
    """

    name: str
    table: Table
    title: str = ""
    private: bool = False
    stored_total: int | None = None
    file: bytes = b""
    active: bool = True
    pushed: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    id: str = field(init=False)

    def __post_init__(self) -> None:
        self.id = make_id(self.name)

    @property
    def dataset(self) -> str:
        """The name of the dataset it is in."""
        return "demo-private" if self.private else "demo-specimens"

    def text(self, delimiter: str = "csv", *, milliseconds: bool = True, header_end: str = "\r\n") -> Iterator[bytes]:
        """The whole table as ``/datastore/dump`` gives it, whose header line alone ends in CR LF."""
        out = io.StringIO()
        csv.writer(out, delimiter=DELIMITERS[delimiter], lineterminator=header_end).writerow(self.table.names)
        yield out.getvalue().encode()
        style = Style(delimiter, milliseconds)
        for first in range(1, self.table.rows + 1, CHUNK):
            numbers = range(first, min(first + CHUNK, self.table.rows + 1))
            kept = [n for n in numbers if n not in self.table.deleted]
            yield b"".join(self.table.write(kept, self.table.names, style))

    def show(self, base: str) -> dict[str, Any]:
        """The resource as ``resource_show`` gives it."""
        download = f"{base}/dataset/{make_id(self.dataset)}/resource/{self.id}/download/{self.name}.csv"
        return {
            "cache_last_updated": None,
            "cache_url": None,
            "created": MADE,
            "datastore_active": self.active,
            "description": self.title,
            "format": "CSV",
            "hash": "",
            "id": self.id,
            "last_modified": MADE,
            "metadata_modified": MADE,
            "mimetype": "text/csv",
            "mimetype_inner": None,
            "name": self.title or self.name,
            "package_id": make_id(self.dataset),
            "position": 0,
            "resource_type": None,
            "size": None,
            "state": "active",
            "url": download,
            "url_type": "upload",
            **self.facts,
        }


def standard(rows: int) -> list[Resource]:
    """The resources that every stand-in has. ``specimens`` holds ``rows`` rows."""
    return [
        Resource("specimens", Table(COLUMNS, specimens(), rows), "Specimens of the Example Museum"),
        Resource("small", Table(COLUMNS, specimens(), 1000), "A thousand specimens"),
        Resource("awkward", Table(HARD_COLUMNS, hard_rows()), "Values that an exporter must not spoil"),
        Resource("empty", Table(COLUMNS, specimens(), 0), "No rows yet"),
        Resource("stale_total", Table(COLUMNS, specimens(), 1000), "1,000 rows, said to be 500", stored_total=500),
        Resource("private", Table(COLUMNS, specimens(), 1000), "For those with a token", private=True),
    ]


def show_dataset(name: str, resources: list[Resource], base: str) -> dict[str, Any]:
    """A dataset as ``package_show`` gives it."""
    private = name == "demo-private"
    shown = [resource.show(base) | {"position": at} for at, resource in enumerate(resources)]
    return {
        "author": "Example Museum",
        "author_email": None,
        "creator_user_id": make_id("curator"),
        "id": make_id(name),
        "isopen": True,
        "license_id": "cc-by",
        "license_title": "Creative Commons Attribution",
        "license_url": "http://www.opendefinition.org/licenses/cc-by",
        "maintainer": "Collections data desk",
        "maintainer_email": None,
        "metadata_created": MADE,
        "metadata_modified": MADE,
        "name": name,
        "notes": "Made-up specimens: no organism was harmed.",
        "num_resources": len(shown),
        "num_tags": 0,
        "organization": _organisation(),
        "owner_org": make_id("museum"),
        "private": private,
        "state": "active",
        "title": "Private specimens" if private else "Example specimens",
        "type": "dataset",
        "url": None,
        "version": None,
        "resources": shown,
        "extras": [],
        "tags": [],
        "groups": [],
        "relationships_as_subject": [],
        "relationships_as_object": [],
    }


def _organisation() -> dict[str, Any]:
    return {
        "id": make_id("museum"),
        "name": "example-museum",
        "title": "Example Museum",
        "type": "organization",
        "description": "",
        "image_url": "",
        "created": MADE,
        "is_organization": True,
        "approval_status": "approved",
        "state": "active",
    }
