"""Notes in the format of CKAN's notifications: ``routing_key``, ``operation``, ``payload``."""

from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from ckan import model

from ckanext.packaging_portal.changes.notes import Note


def envelope(note: Note) -> dict[str, Any]:
    """What is told, as things stand now."""
    operation, payload = _PAYLOADS[note.kind](note)
    return {"routing_key": note.kind, "operation": operation, "payload": payload}


def _datastore(note: Note) -> tuple[str, dict[str, Any]]:
    resource = model.Resource.get(note.id)
    package_id = resource.package_id if resource else None
    return note.operation, {"resource_id": note.id, "package_id": package_id, "action": note.facts.get("action")}


def _resource(note: Note) -> tuple[str, dict[str, Any]]:
    """As ``resource_show`` has it, from the database: the search index may be late."""
    try:
        shown = tk.get_action("resource_show")({"ignore_auth": True, "use_cache": False}, {"id": note.id})
    except tk.ObjectNotFound:
        return "deleted", {"id": note.id, "package_id": note.facts.get("package_id"), "state": "deleted"}
    return note.operation, shown


def _package(note: Note) -> tuple[str, dict[str, Any]]:
    package = model.Package.get(note.id)
    if package is None:
        ids, known = note.facts.get("resources", []), {"state": "deleted", "private": None}
    else:
        found = model.Session.query(model.Resource.id).filter_by(package_id=package.id)
        ids, known = [row[0] for row in found], {"state": package.state, "private": package.private}
    resources = [{"id": one} for one in ids]
    operation = "deleted" if known["state"] == "deleted" else note.operation
    return operation, {"id": note.id, **known, "resources": resources}


_PAYLOADS = {"Datastore": _datastore, "Resource": _resource, "Package": _package}
