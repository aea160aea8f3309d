"""What was saved under former names is there under the new ones, and goes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

BEFORE, AFTER = ("packager", "0004_staff_permissions"), ("packager", "0005_words_of_the_field")


@pytest.fixture
def migrate(transactional_db: None) -> Iterator[Callable[..., Any]]:
    """Brings the tables to a migration; gives the models as they were then. In the end all of them have run again."""

    def to(*target: tuple[str, str]) -> Any:
        executor = MigrationExecutor(connection)
        executor.migrate(list(target))
        return executor.loader.project_state(list(target)).apps

    yield to
    to(*MigrationExecutor(connection).loader.graph.leaf_nodes())


def _request(apps: Any, **more: Any) -> Any:
    now = timezone.now()
    plain = {"kind": "datastore", "resource_id": "birds", "format": "dwca", "queue": "fast", "fingerprint": "1"}
    return apps.get_model("packager", "PackageRequest").objects.create(
        **{**plain, "created_at": now, "queued_at": now, **more}
    )


def _error(apps: Any, request: Any, **more: Any) -> None:
    plain = {"resource_id": "birds", "attempt": 1, "code": "source", "retryable": False, "message": "No."}
    apps.get_model("packager", "PackageError").objects.create(request=request, at=timezone.now(), **plain, **more)


OLD = {"sealed_key": "gAAAA", "losses": 2, "options": {"flavour": "tsv", "eml": ""}}
NEW = {"encrypted_key": "gAAAA", "worker_failures": 2, "options": {"dialect": "tsv", "eml": ""}}


@pytest.mark.parametrize(
    ("start", "given", "note", "end", "found", "found_note"),
    [
        (BEFORE, OLD, "settled_note", AFTER, NEW, "resolved_note"),
        (AFTER, NEW, "resolved_note", BEFORE, OLD, "settled_note"),
    ],
    ids=["forwards", "backwards"],
)
def test_nothing_that_was_saved_is_lost(migrate, start, given, note, end, found, found_note):
    apps = migrate(start)
    _error(apps, _request(apps, **given), **{note: "CKAN moved"})
    apps = migrate(end)
    request = apps.get_model("packager", "PackageRequest").objects.get()
    assert {name: getattr(request, name) for name in found} == found
    assert getattr(apps.get_model("packager", "PackageError").objects.get(), found_note) == "CKAN moved"


def test_an_option_of_that_name_of_another_format_stays(migrate):
    _request(migrate(BEFORE), format="ice cream", options={"flavour": "vanilla"})
    (request,) = migrate(AFTER).get_model("packager", "PackageRequest").objects.all()
    assert request.options == {"flavour": "vanilla"}
