"""CKAN's actions, as far as the stand-in knows them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from demo import uploads
from demo.catalogue import Resource, make_id, show_dataset
from demo.errors import bad_request, invalid, not_found, not_permitted
from demo.faults import Fault, Kind
from demo.parameters import parse
from demo.search import Twist, answer, field_list

if TYPE_CHECKING:
    from demo.ckan import DemoCkan

Parameters = Mapping[str, Any]
Faulty = Mapping[Kind, Fault]


def run(ckan: DemoCkan, name: str, parameters: Parameters, allowed: bool, faults: Faulty) -> bytes:
    """The answer of an action.

    Args:
        allowed: whether the request came with the token.
        faults: what is to go wrong with the rows.

    Raises:
        Refused: CKAN would answer with an error.
    """
    if name == "datastore_search":
        return _search(ckan, parameters, allowed, faults)
    if name in uploads.ACTIONS:
        uploads.run(ckan, name, parameters, allowed)
        result: dict[str, Any] = {}
    elif name in SHOWN:
        result = SHOWN[name](ckan, parameters, allowed)
    else:
        raise bad_request(f"Action name not known: {name}")
    return json.dumps({"help": ckan.help_url(name), "success": True, "result": result}).encode()


def _search(ckan: DemoCkan, parameters: Parameters, allowed: bool, faults: Faulty) -> bytes:
    search = parse(parameters, ckan.profile, ckan.rows_max)
    resource = ckan.by_id(search.resource_id)
    if resource is None or not resource.active:
        raise not_found(f'Resource "{search.resource_id}" was not found.')
    if resource.private and not allowed:
        raise not_permitted(f"perform resource_show on resource {resource.id}")
    _write_meanwhile(resource, faults)
    return answer(resource, search, ckan.profile, _twist(faults)).body(ckan.help_url("datastore_search"))


def _write_meanwhile(resource: Resource, faults: Faulty) -> None:
    if Kind.APPEND in faults:
        resource.table.rows += faults[Kind.APPEND].rows
    if Kind.DELETE in faults:
        left = (n for n in range(1, resource.table.rows + 1) if n not in resource.table.deleted)
        resource.table.deleted |= {n for n, _ in zip(left, range(faults[Kind.DELETE].rows), strict=False)}


def _twist(faults: Faulty) -> Twist:
    fewer = faults[Kind.SHORT].rows if Kind.SHORT in faults else 0
    total = faults[Kind.TOTAL].rows if Kind.TOTAL in faults else None
    return Twist(fewer=fewer, empty=Kind.EMPTY in faults, total=total)


def _resource_show(ckan: DemoCkan, parameters: Parameters, allowed: bool) -> dict[str, Any]:
    return _readable(ckan, parameters, allowed).show(ckan.url)


def _readable(ckan: DemoCkan, parameters: Parameters, allowed: bool) -> Resource:
    wanted = parameters.get("id") or parameters.get("resource_id")
    if not wanted:
        raise invalid(id=["Missing value"])
    resource = ckan.by_id(str(wanted))
    if resource is None:
        raise not_found()
    if resource.private and not allowed:
        raise not_permitted(f"read resource {resource.id}")
    return resource


def _package_show(ckan: DemoCkan, parameters: Parameters, allowed: bool) -> dict[str, Any]:
    if not parameters.get("id"):
        raise invalid(name_or_id=["Missing value"])
    resources = [r for r in ckan.resources.values() if parameters["id"] in (r.dataset, make_id(r.dataset))]
    if not resources:
        raise not_found()
    if resources[0].private and not allowed:
        raise not_permitted(f"read package {make_id(resources[0].dataset)}")
    return show_dataset(resources[0].dataset, resources, ckan.url)


def _status_show(ckan: DemoCkan, _parameters: Parameters, _allowed: bool) -> dict[str, Any]:
    return {
        "site_title": "CKAN stand-in",
        "site_description": "",
        "site_url": ckan.url,
        "error_emails_to": "",
        "locale_default": "en",
        "extensions": ["datastore"],
        "ckan_version": "2.12.0" if ckan.profile == "2.12" else "2.11.6",
    }


def _datastore_info(ckan: DemoCkan, parameters: Parameters, allowed: bool) -> dict[str, Any]:
    resource = _readable(ckan, parameters, allowed)
    meta = {"id": resource.id, "count": resource.table.rows - len(resource.table.deleted), "table_type": "BASE TABLE"}
    return {"meta": meta, "fields": field_list(resource.table.columns, resource.table.names)[1:]}


SHOWN: dict[str, Callable[[DemoCkan, Parameters, bool], dict[str, Any]]] = {
    "resource_show": _resource_show,
    "package_show": _package_show,
    "status_show": _status_show,
    "datastore_info": _datastore_info,
}
