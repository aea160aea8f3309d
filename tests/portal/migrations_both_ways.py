"""Fills every table, takes every migration back, one at a time, and applies it again; prints what changed on the way.

Run as a program, in a process of its own, for the database of DATABASE_URL, which must be empty.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import django

django.setup()

from django.apps import apps  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.db.migrations.executor import MigrationExecutor  # noqa: E402

from packager.models import PackageRequest  # noqa: E402

APPS = ("packager", "stats", "pusher", "messaging", "portal")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
#: Columns whose content a migration says in other words, which the way back says as before.
REWORDED = {("packager_package", "notes"), ("packager_packagerequest", "options")}
#: Columns that had other names in the beginning.
RENAMED = {"encrypted_key", "worker_failures", "resolved_at", "resolved_by_id", "resolved_note"}
Snapshot = dict[str, dict[Any, dict[str, Any]]]


def fill() -> None:
    """A year of requests as the demo invents them, and at least two rows of every model."""
    call_command("fill_demo", requests=40, errors=10, verbosity=0)
    for model in sorted(_models(), key=lambda model: model._meta.label != "packager.PackageRequest"):
        for number in (1, 2):
            _make(model, number)
    PackageRequest.objects.filter(format="dwca").update(options={"dialect": "tsv"})


def _models() -> list[type[models.Model]]:
    return [model for name in APPS for model in apps.get_app_config(name).get_models()]


def _make(model: type[models.Model], number: int) -> models.Model:
    values = {field.name: _value(field, number) for field in model._meta.concrete_fields if not field.primary_key}
    if model._meta.label == "packager.Delivery":
        # one about a request, and one that tells other programs
        values |= {"message": None} if number == 1 else {"request": None, "message": {"number": number}}
    if model._meta.label == "packager.PackageRequest":
        values |= {"leader": None, "standing_order": None}
    if isinstance(model._meta.pk, models.CharField):
        values[model._meta.pk.name] = f"{model._meta.model_name}-{number}"
    return model._default_manager.create(**values)


def _value(field: Any, number: int) -> Any:
    """Something that fits, and that no default is."""
    if isinstance(field, models.ForeignKey):
        first = field.remote_field.model._default_manager.order_by("pk")
        return first[min(number, first.count()) - 1] if first.exists() else None
    if field.choices and isinstance(field, models.CharField):
        return field.choices[number % len(field.choices)][0]
    kinds: list[tuple[type, Any]] = [
        (models.JSONField, [{"code": "rows_changed", "params": {"before": 1, "after": number}}]),
        (models.DateTimeField, NOW + timedelta(minutes=number)),
        (models.DateField, NOW.date() - timedelta(days=1000 + number)),
        (models.UUIDField, UUID(int=number)),
        (models.BooleanField, number == 1),
        (models.FloatField, number + 0.5),
        (models.IntegerField, 1000 + number),
        (models.CharField, f"{field.name[:7]}-{number}"[: field.max_length]),
        (models.TextField, f"{field.name} ü {number}"),
    ]
    return next(value for kind, value in kinds if isinstance(field, kind))


def snapshot() -> Snapshot:
    """Every row of our tables, by its key."""
    found: Snapshot = {}
    with connection.cursor() as cursor:
        tables = [name for name in connection.introspection.table_names(cursor) if name.split("_")[0] in APPS]
        for table in tables:
            quoted = connection.ops.quote_name(table)
            key = connection.introspection.get_primary_key_column(cursor, table)
            cursor.execute(f"SELECT * FROM {quoted}")
            names = [column[0] for column in cursor.description]
            rows = [dict(zip(names, map(_plain, row), strict=True)) for row in cursor.fetchall()]
            found[table] = {row[key]: row for row in rows}
    return found


def _plain(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) and value[:1] in "[{" else value
    except ValueError:
        return value


def differences(before: Snapshot, after: Snapshot) -> list[str]:
    """Where tables and columns that are on both sides differ."""
    found: Counter[str] = Counter()
    for table in before.keys() & after.keys():
        gone = before[table].keys() ^ after[table].keys()
        found[f"{table}: rows lost or new"] += len(gone)
        for key in before[table].keys() & after[table].keys():
            was, is_now = before[table][key], after[table][key]
            for column in was.keys() & is_now.keys():
                found[f"{table}.{column}"] += was[column] != is_now[column]
    return [f"{what} ({count})" for what, count in sorted(found.items()) if count]


def steps() -> list[tuple[str, str]]:
    """Every migration of ours in the order in which they are applied."""
    graph = MigrationExecutor(connection).loader.graph
    plan: list[tuple[str, str]] = []
    for leaf in (node for node in graph.leaf_nodes() if node[0] in APPS):
        plan += [node for node in graph.forwards_plan(leaf) if node not in plan]
    return [node for node in plan if node[0] in APPS]


def walk() -> dict[str, Any]:
    """To the first migration of each room and back: what each step changed that it should not have, and the whole way.

    A room that depends on a later migration of another one goes with it.
    """
    call_command("migrate", verbosity=0)
    fill()
    empty = [model._meta.label for model in _models() if model._default_manager.count() < 2]
    whole = before = snapshot()
    plan, changed = steps(), {}
    firsts = {next(step for step in plan if step[0] == name) for name in APPS}
    for name, migration in (step for step in reversed(plan) if step not in firsts):
        _to(name, migration, backwards=True)
        before = _note(changed, f"{name}.{migration} back", before)
    lowest = before
    for name, migration in plan:
        _to(name, migration)
        before = _note(changed, f"{name}.{migration}", before)
    lost = differences(_reduced(whole, lowest), before)
    return {"empty": empty, "steps": len(plan), "changed": changed, "lost": lost}


def _to(name: str, migration: str, *, backwards: bool = False) -> None:
    executor = MigrationExecutor(connection)
    if not backwards:
        executor.migrate([(name, migration)])
        return
    parents = [node.key for node in executor.loader.graph.node_map[name, migration].parents if node.key[0] == name]
    executor.migrate(parents or [(name, None)])


def _note(changed: dict[str, list[str]], step: str, before: Snapshot) -> Snapshot:
    after = snapshot()
    reworded = {f"{table}.{column}" for table, column in REWORDED}
    found = [one for one in differences(before, after) if one.split(" ")[0] not in reworded]
    if found:
        changed[step] = found
    return after


def _reduced(whole: Snapshot, lowest: Snapshot) -> Snapshot:
    """Of ``whole`` the tables and columns that were there all the way, if under a former name."""
    found: Snapshot = {}
    for table in whole.keys() & lowest.keys():
        there = {*RENAMED, *next(iter(lowest[table].values()))} if lowest[table] else set()
        found[table] = {
            key: {name: value for name, value in row.items() if name in there} for key, row in whole[table].items()
        }
    return found


if __name__ == "__main__":
    print(json.dumps(walk()))
