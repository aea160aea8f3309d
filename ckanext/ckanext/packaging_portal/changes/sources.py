"""Where we learn that something changed: actions that write tables, and resources and datasets that are committed.

Nothing else is needed, and nothing that CKAN tells of a table proves that it did not change. Both sources are listened
to from inside of what people do, so that nothing here ever raises.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import ckan.plugins.toolkit as tk
from ckan import model
from sqlalchemy import event

from ckanext.packaging_portal.changes import dispatch, waiting
from ckanext.packaging_portal.changes.notes import Note

log = logging.getLogger(__name__)
#: The actions that write tables. XLoader calls ``datastore_create`` before it copies the rows; the resource that it
#: updates afterwards tells of them.
WRITING = (
    "datastore_create",
    "datastore_upsert",
    "datastore_delete",
    "datastore_records_delete",
    "datastore_run_triggers",
)
NOTED = "packaging_portal_notes"
#: What decides who may see a dataset. Nothing else that is said of it has to do with what is packed.
VISIBILITY = ("private", "state")


def subscriptions() -> dict[Any, list[Any]]:
    """For ``ISignal``."""
    writing = [{"sender": action, "receiver": note_action} for action in WRITING]
    return {tk.signals.action_succeeded: writing, tk.signals.request_finished: [waiting.wake]}


def listen() -> None:
    """Hear of commits. Plugins may be loaded more than once, listeners are there once."""
    for name, listener in (("after_commit", send_noted), ("after_transaction_end", forget_noted)):
        if not event.contains(model.Session, name, listener):
            event.listen(model.Session, name, listener)
    for name in VISIBILITY:
        attribute = getattr(model.Package, name)
        if not event.contains(attribute, "set", mark_package):
            event.listen(attribute, "set", mark_package, active_history=True)


def note_action(action: str, **told: Any) -> None:
    """An action that wrote a table has succeeded."""
    try:
        given, result = told.get("data_dict") or {}, told.get("result")
        if tk.asbool(given.get("dry_run") or False):
            return
        dispatch.send(_tables(action, given, result if isinstance(result, dict) else {}))
    except Exception:
        log.exception("A changed table could not be told to the packaging portal")


def _tables(action: str, given: dict[str, Any], result: dict[str, Any]) -> list[Note]:
    resource_id = result.get("resource_id") or given.get("resource_id")
    if not resource_id:
        return []
    # what it was given may be taken apart by now; the filters come back in the result
    gone = action == "datastore_delete" and result.get("filters", given.get("filters")) is None
    return [Note("Datastore", str(resource_id), "deleted" if gone else "changed", {"action": action})]


def note_entity(entity: Any, operation: Any) -> None:
    """Something is about to be committed: it is told when it was. CKAN 2.12 also calls with None."""
    try:
        if note := _entity(entity, str(operation)):
            model.Session().info.setdefault(NOTED, {})[note.key] = note
    except Exception:
        log.exception("A change could not be noted for the packaging portal")


def mark_package(package: Any, value: Any, before: Any, initiator: Any) -> None:
    """A dataset becomes private or public, is deleted or comes back."""
    if value != before:
        package.packaging_portal_seen_by_others = True


def _entity(entity: Any, operation: str) -> Note | None:
    gone = getattr(entity, "state", None) == "deleted" or operation == "deleted"
    if isinstance(entity, model.Resource):
        return Note("Resource", entity.id, "deleted" if gone else operation, {"package_id": entity.package_id})
    if isinstance(entity, model.Package) and (gone or entity.__dict__.pop("packaging_portal_seen_by_others", False)):
        # when the dataset is gone, nobody can say any more what it had
        ids = [resource.id for resource in entity.resources_all] if gone else []
        return Note("Package", entity.id, "deleted" if gone else operation, {"resources": ids})
    return None


def send_noted(session: Any) -> None:
    """The transaction was committed; a savepoint that is released does not count."""
    if session.in_nested_transaction():
        return
    noted: dict[str, Note] = session.info.pop(NOTED, {})
    try:
        dispatch.send(_worth_telling(noted.values()))
    except Exception:
        log.exception("A change could not be told to the packaging portal")


def forget_noted(session: Any, transaction: Any) -> None:
    """The transaction is over. What was noted in it and is still there was rolled back."""
    if transaction.parent is None and not transaction.nested:
        session.info.pop(NOTED, None)


def _worth_telling(noted: Iterable[Note]) -> list[Note]:
    # a new dataset or resource has no packages yet
    return [note for note in noted if note.operation != "new"]
