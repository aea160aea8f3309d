"""Nothing is told that did not happen, and nothing that happened stays untold, whatever is undone, killed or cut off.

What happened is read in the history of each request, which is written in the same transaction as its state.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings as portal_settings
from django.db import connection, transaction
from django_q.models import OrmQ
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messaging.incoming import Incoming, take
from messaging.models import Conversation
from packager import plugins
from packager.delivery import outbox
from packager.errors import Conflict
from packager.hookspecs import hook
from packager.lifecycle import requests
from packager.models import Delivery, Package, PackageRequest, RequestHistory, Status
from packager.storage.filesystem import DirectoryStore
from packager.streaming.types import Shape
from packager.submission import Submission
from tests.engine.fakes import FakeTable
from tests.packager.conftest import run_tasks
from tests.packager.fake_broker import Broker, Gone
from tests.packager.steps import Killed, passing_failure
from tests.services import IN_CI

API_URL = "http://127.0.0.1:1/api/3/action/datastore_search"
#: What is told of a change of state. A package that is served at once is accepted, too.
TOLD = {Status.SUCCEEDED: "served", Status.FAILED: "failed", Status.CANCELLED: "cancelled"}
#: What must have happened for the test to have tried anything.
SEEN: Counter[str] = Counter()
MUST_HAPPEN = {"undone", "killed", "killed after its commit", "broker lost", "copies", "served", "failed", "cancelled"}


class Source:
    """Two rows of anything, or none at all."""

    fails = False

    def open(self, query, shapes):
        if self.fails:
            raise passing_failure()
        return FakeTable(rows=[(1, "elk"), (2, "owl")], shape=Shape(shapes[0]), expected=2)

    def close(self):
        pass


SOURCE = Source()
PLUGIN = SimpleNamespace(
    table_source=hook(lambda submission: SOURCE),
    store=hook(
        lambda url: DirectoryStore(
            Path(portal_settings.PACKAGER_STORE_DIRECTORY), Path(portal_settings.PACKAGER_TEMP_DIRECTORY)
        )
    ),
)


@contextmanager
def killed_at(statement):
    """SIGKILL instead of a statement to the database, and of all that would follow; None: never."""
    if statement is None:
        yield
        return
    left, commits = [statement], RequestHistory.objects.count()

    def die(execute, *statement):
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return execute(*statement)

    with suppress(Killed), connection.execute_wrapper(die):
        yield
    if left[0] < 0:
        connection.close()
        SEEN["killed after its commit" if RequestHistory.objects.count() > commits else "killed"] += 1


class World:
    """A portal, a broker, and what can happen to both. ``which`` chooses among requests or bodies."""

    def __init__(self):
        # what the example before left under way could not be deleted: its followers would all lead
        PackageRequest.objects.update(status=Status.CANCELLED)
        for model in (Delivery, Conversation, PackageRequest, Package, OrmQ):
            model.objects.all().delete()
        self.broker, self.asked = Broker(), 0

    def ask(self, which):
        """Over AMQP; of number 0 the same again and again."""
        self.asked += 1
        body = {"api_url": API_URL, "resource_id": f"table-{which % 2}"}
        take(Incoming(json.dumps(body).encode(), "request", {"UUID": str(self.asked if which else 0)}))

    def submit(self, which):
        requests.submit(Submission("datastore", f"table-{which % 2}", "csv", api_url=API_URL))

    def _any(self, which):
        rows = PackageRequest.objects.order_by("created_at", "pk")
        return rows[which % rows.count()].pk if rows.exists() else None

    def cancel(self, which):
        with suppress(Conflict, PackageRequest.DoesNotExist):
            requests.cancel(self._any(which))

    def retry(self, which):
        with suppress(Conflict, PackageRequest.DoesNotExist):
            requests.retry(self._any(which))

    def build(self, which):
        SOURCE.fails = which == 0
        run_tasks(1 + which)

    def undo(self, which):
        """A transaction around it comes to nothing."""
        happenings = (self.ask, self.submit, self.cancel, self.retry)
        with suppress(Gone), transaction.atomic():
            happenings[which % 4](which)
            SEEN["undone"] += 1
            raise Gone

    def send(self, which):
        self.broker.goes_after = which / 2 if which else None
        try:
            outbox.send_waiting("amqp", self.broker.send, 3)
        except Gone:
            SEEN["broker lost"] += 1

    def told(self):
        """The messages in the order in which each was first taken, when all is over."""
        self.broker.goes_after = None
        while outbox.send_waiting("amqp", self.broker.send):
            pass
        first = {message["message_id"]: message for message in self.broker.taken}
        SEEN["copies"] += len(self.broker.taken) - len(first)
        return list(first.values())


HAPPENINGS = ("ask", "build", "send") * 3 + ("submit", "undo", "cancel", "retry")
STEPS = st.tuples(st.sampled_from(HAPPENINGS), st.integers(0, 5), st.none() | st.integers(0, 30))


def happened():
    """For each request the operations that must be told, by its history."""
    found = defaultdict(list)
    for line in RequestHistory.objects.order_by("pk"):
        found[str(line.request_id)] += [] if line.from_status else ["accepted"]
        found[str(line.request_id)] += [TOLD[line.to_status]] if line.to_status in TOLD else []
    return dict(found)


def events_of(told):
    """The same, as it was told to all."""
    found = defaultdict(list)
    for message in told:
        if message["routing_key"] == "Request":
            found[message["body"]["payload"]["request_id"]].append(message["body"]["operation"])
    SEEN.update(operation for operations in found.values() for operation in operations)
    return dict(found)


def answers_of(told):
    """The states that were told to who asked over AMQP, by UUID."""
    found = defaultdict(list)
    for message in told:
        if "headers" in message:
            found[message["headers"]["UUID"]].append(message["body"]["status"].replace("succeeded", "served"))
    return dict(found)


@pytest.mark.slow
def test_everything_that_happened_is_told_in_order_and_nothing_else(listening, settings):
    settings.PACKAGER_HEARTBEAT = 3600
    plugins.manager.register(PLUGIN)
    try:
        interleave()
    finally:
        plugins.manager.unregister(PLUGIN)
    assert not MUST_HAPPEN - SEEN.keys(), SEEN


@settings(max_examples=60, deadline=None, database=None, derandomize=IN_CI, suppress_health_check=list(HealthCheck))
@given(st.lists(STEPS, min_size=8, max_size=25))
def interleave(steps):
    """Anything in any order; then what is left is sent."""
    world = World()
    for what, which, statement in steps:
        with killed_at(statement):
            getattr(world, what)(which)
    told, history = world.told(), happened()
    assert events_of(told) == history
    answers = answers_of(told)
    asked = {uuid: history[str(pk)] for uuid, pk in Conversation.objects.values_list("uuid", "request")}
    again, answered = asked.pop("0", []), iter(answers.pop("0", []))
    assert answers == asked
    # who asked the same again was answered in between
    assert all(any(status == told for told in answered) for status in again)
