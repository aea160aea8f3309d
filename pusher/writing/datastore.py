"""One resource's table in CKAN's DataStore: what is there, and what a new one should have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from pusher.reading.table import Column, Table
from pusher.writing.ckan import Ckan

#: Told how many rows are written.
Progress = Callable[[int], None]
#: Raises PushFenced if this is no longer the worker's job.
Confirm = Callable[[], None]
Dictionary = dict[str, dict[str, Any]]


class Writer(Protocol):
    """Puts a table in the place of a resource's old one."""

    def replace(self, table: Table, fields: Sequence[dict[str, Any]], progress: Progress, confirm: Confirm) -> None:
        """Raises CkanError; PushFenced."""
        ...


class Datastore:
    """The table of ``resource_id``, through CKAN's API."""

    def __init__(self, ckan: Ckan, resource_id: str) -> None:
        self.ckan = ckan
        self.resource_id = resource_id

    def dictionary(self) -> Dictionary | None:
        """The ``info`` of each column; None if there is no table."""
        found = self.ckan.find("datastore_search", {"resource_id": self.resource_id, "limit": 0})
        if found is None:
            return None
        return {field["id"]: field.get("info") or {} for field in found["fields"] if field["id"] != "_id"}

    def total(self) -> int:
        """How many rows there are. (Every write asks CKAN to forget the count that it keeps.)"""
        asked = {"resource_id": self.resource_id, "limit": 0}
        return int(self.ckan.action("datastore_search", asked, attempts=5)["total"])

    def delete(self) -> None:
        """The table, if there is one."""
        self.ckan.find("datastore_delete", {"resource_id": self.resource_id, "force": True})

    def create(self, fields: Sequence[Mapping[str, Any]]) -> None:
        """A table without rows."""
        made = {"resource_id": self.resource_id, "fields": fields, "force": True, "calculate_record_count": False}
        self.ckan.action("datastore_create", made, attempts=3)


def fields_of(columns: Sequence[Column], dictionary: Dictionary | None) -> list[dict[str, Any]]:
    """The fields of ``datastore_create``. What the data dictionary says of columns that stay is kept.

    A header that could not be the name becomes the label, unless there is one.
    """
    return [_field(column, (dictionary or {}).get(column.name, {})) for column in columns]


def _field(column: Column, info: Mapping[str, Any]) -> dict[str, Any]:
    kept = dict(info)
    header = " ".join(column.header.replace("\0", "").split())
    if header and header != column.name and not kept.get("label"):
        kept["label"] = header
    return {"id": column.name, "type": column.type, **({"info": kept} if kept else {})}
