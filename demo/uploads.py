"""A file that somebody uploaded, and CKAN's side of getting it into the DataStore: the job, and what a pusher asks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from demo.catalogue import Resource
from demo.data import ID, Column
from demo.errors import not_found, not_permitted
from demo.table import Table

if TYPE_CHECKING:
    from demo.ckan import DemoCkan

#: As such files are: decimal commas, days before months, codes with leading zeros, and an encoding of long ago.
FINDS = """Inventory no.;Found on;Weight in g;Finder;Note
00107;05/03/2020;1.234,5;Grace Füchsin;"Handle, ""S"" stamped"
00108;17/04/2020;7,25;Ömer Dachs;
00109;;;Grace Füchsin;Broken on arrival
00110;01/05/2021;12,0;Ada Eule;Found with 00108
"""


def finds() -> Resource:
    """A resource with a file and no table."""
    table = Table([ID], [])
    return Resource("finds", table, "Finds of the Example Museum", file=FINDS.encode("cp1252"), active=False)


def submit(ckan: DemoCkan, resource: Resource) -> tuple[int, str]:
    """Post the job that CKAN's ``datapusher`` plugin posts. Status and text of the answer; 502 if nobody answers."""
    metadata = {"ckan_url": f"{ckan.url}/", "resource_id": resource.id, "ignore_hash": False, "set_url_type": False}
    job = {
        "api_key": ckan.token,
        "job_type": "push_to_datastore",
        "result_url": f"{ckan.url}/api/3/action/datapusher_hook",
        "metadata": metadata | {"original_url": resource.show(ckan.url)["url"]},
    }
    headers = {"Content-Type": "application/json"}
    request = Request(f"{ckan.portal_url}/pusher/job", json.dumps(job).encode(), headers)  # noqa: S310
    try:
        with urlopen(request, timeout=30) as answer:  # noqa: S310  (the address is our own portal's)
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except URLError as error:
        return 502, str(error.reason)


# ------------------------------------------------------------------- the actions


def _create(resource: Resource, asked: Mapping[str, Any]) -> None:
    fields = [Column(field["id"], field["type"], info=field.get("info") or {}) for field in asked["fields"]]
    resource.table, resource.active = Table([ID, *fields], [], 0), True


def _upsert(resource: Resource, asked: Mapping[str, Any]) -> None:
    table = resource.table
    there = table.tails[: table.rows]
    added = [(None, *(_value(column, record) for column in table.columns[1:])) for record in asked["records"]]
    if not asked.get("dry_run"):
        resource.table = Table(table.columns, [*there, *added])


def _value(column: Column, record: Mapping[str, Any]) -> object:
    value = record.get(column.name)
    if value is None or column.type == "text":
        return value
    return Decimal(value) if column.type == "numeric" else datetime.fromisoformat(value)


def _delete(resource: Resource, _asked: Mapping[str, Any]) -> None:
    resource.table, resource.active = Table([ID], [], 0), False


def _patch(resource: Resource, asked: Mapping[str, Any]) -> None:
    resource.facts |= {name: value for name, value in asked.items() if name != "id"}


def _no_task(_resource: Resource, _asked: Mapping[str, Any]) -> None:
    raise not_found()


def _hear(resource: Resource, asked: Mapping[str, Any]) -> None:
    resource.pushed = str(asked.get("status"))


ACTIONS: dict[str, Callable[[Resource, Mapping[str, Any]], None]] = {
    "datastore_create": _create,
    "datastore_upsert": _upsert,
    "datastore_delete": _delete,
    "resource_patch": _patch,
    "task_status_show": _no_task,
    "datapusher_hook": _hear,
}


def run(ckan: DemoCkan, name: str, asked: Mapping[str, Any], allowed: bool) -> None:
    """Do what an action of ``ACTIONS`` does.

    Raises:
        Refused: without the token, or for a resource that nobody uploaded.
    """
    if not allowed:
        raise not_permitted(name)
    about = asked.get("metadata") or asked
    wanted = about.get("resource_id") or about.get("entity_id") or about.get("id")
    resource = ckan.by_id(str(wanted))
    if resource is None or not resource.file:
        raise not_found()
    ACTIONS[name](resource, asked)
