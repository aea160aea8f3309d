"""Whatever happens to requests, in whatever order: nothing is lost, nothing is doubled, and followers follow."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from django.core import mail
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import OrmQ
from django_q.signing import SignedPackage
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from packager import plugins
from packager.errors import Conflict
from packager.lifecycle import changes, maintenance, requests, transitions, workers
from packager.models import (
    Cluster,
    Delivery,
    Kind,
    Package,
    PackageError,
    PackageRequest,
    RequestHistory,
    ResourceChange,
    Status,
)
from packager.storage import names, stores
from packager.submission import Submission
from packager.titles import PublicTitles
from tests.packager.conftest import run_tasks
from tests.packager.steps import OVER, PLUGIN, READING, SAVED, STORED, Killed, Worker, passing_failure
from tests.services import IN_CI

API_URL = "http://127.0.0.1:1/api/3/action/datastore_search"
BUILD = "packager.tasks.build_next"
FINAL = (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED, Status.EXPIRED)
#: The ends of which a requester is told, and by what.
TOLD = {Status.SUCCEEDED: Delivery.Subject.READY, Status.FAILED: Delivery.Subject.FAILED}
#: Rounds after which a queue that is not empty never will be.
ROUNDS = 60
#: How often what happened, and what must have happened for the test to have tried anything.
SEEN: Counter[str] = Counter()
MUST_HAPPEN = {
    *FINAL,
    "followers served",
    "followers failed",
    *(f"killed when {at}" for at in (READING, STORED, SAVED)),
    *(f"{what} while another builds it" for what in ("finished", "failed", "was too slow", "gave a sign of life")),
}
#: What can happen, the usual things more often.
HAPPENINGS = (
    *("submit", "take_a_task", "go_on") * 4,
    *("kill", "fail", "pass_time", "look_after_builds") * 2,
    *("finish_late", "fail_late", "be_slow_late") * 2,
    *("cancel", "retry", "lose_a_task", "kill_a_sender", "look_after_packages", "change_data"),
)
#: How much time passes, by number; the last but one is what the end waits with.
PASSING = [timedelta(minutes=minutes) for minutes in (1, 6, 60, 8 * 24 * 60, 11)]
LATER = 8


def facts_of(request: PackageRequest) -> tuple[object, ...]:
    """What only the worker may change that builds it."""
    return (
        request.status,
        request.attempt,
        request.queue,
        request.package_id,
        request.error_reference,
        request.heartbeat_at,
    )


class Portal(RuleBasedStateMachine):
    """Requesters, clusters, schedules and the passing of time, in any order."""

    def __init__(self) -> None:
        super().__init__()
        # what a failed example left under way could not be deleted: its followers would all lead
        PackageRequest.objects.update(status=Status.CANCELLED)
        for model in (Delivery, PackageRequest, Package, OrmQ, Cluster, ResourceChange, PublicTitles):
            model.objects.all().delete()
        stores.default().check()  # which makes its folders
        for kept in list(stores.default().listing()):
            stores.default().delete(kept.name)
        mail.outbox.clear()
        self.clock = time_machine.travel(timezone.now())
        self.time = self.clock.start()
        self.workers: list[Worker] = []
        host, pid, _ = workers.worker_name().split(":")
        now = timezone.now()
        Cluster.objects.create(queue="fast", host=host, pid=pid, workers=2, started_at=now, seen_at=now)

    @initialize()
    def two_want_the_same(self) -> None:
        self.submit(0)
        self.submit(0)

    @rule(what=st.sampled_from(HAPPENINGS), which=st.integers(0, 9))
    def happen(self, what: str, which: int) -> None:
        """Anything of it, if it can be; ``which`` says to what."""
        note(f"{what} {which}")
        needs = {"take_a_task": OrmQ.objects.exists, "lose_a_task": OrmQ.objects.exists}
        at = dict.fromkeys(("go_on", "kill", "finish_late", "fail_late", "be_slow_late"), self.workers)
        at["fail"] = [worker for worker in self.workers if worker.at == READING]
        if at.get(what, True) and needs.get(what, lambda: True)():
            getattr(self, what)(which)

    # ------------------------------------------------------------------ requesters

    def submit(self, which: int) -> None:
        """Somebody wants one of two tables."""
        number = PackageRequest.objects.count()
        facts = {"api_url": API_URL, "parameters": {"limit": 2}, "email": f"{number}@example.org"}
        requests.submit(Submission(Kind.DATASTORE, f"table-{which % 2}", "csv", **facts), ignore_cache=which > 7)

    def _any(self, number: int) -> PackageRequest:
        rows = PackageRequest.objects.order_by("created_at", "pk")
        return rows[number % rows.count()]

    def cancel(self, which: int) -> None:
        with suppress(Conflict):
            requests.cancel(self._any(which).pk)

    def retry(self, which: int) -> None:
        with suppress(Conflict):
            requests.retry(self._any(which).pk)

    # -------------------------------------------------------------------- clusters

    def take_a_task(self, which: int) -> None:
        """A free worker takes the oldest one."""
        task = self._pop()
        if task["func"] != BUILD:
            import_string(task["func"])(*task["args"])
            return
        worker = Worker(task["args"][0])
        if worker.at != OVER:
            self.workers.append(worker)

    def lose_a_task(self, which: int) -> None:
        """Whoever had fetched it is killed."""
        self._pop()

    @staticmethod
    def _pop() -> dict:
        queued = OrmQ.objects.order_by("pk").first()
        queued.delete()
        return SignedPackage.loads(queued.payload)

    def go_on(self, which: int) -> None:
        """A worker gets on; when its build ends, so does the wait of all who joined it."""
        worker = self.workers[which % len(self.workers)]
        before, followers, after = self._step(worker, "finished" if worker.at == STORED else "went on")
        if before.status == Status.RUNNING and after.status == Status.SUCCEEDED:
            SEEN["followers served"] += len(followers)
            served = set(PackageRequest.objects.filter(pk__in=followers).values_list("status", "package"))
            assert served <= {(Status.SUCCEEDED, after.package_id)}
            # by whoever holds the current claim, and nobody else
            assert names.build_of(after.package.stored_as) == (after.pk, after.attempt)

    def fail(self, which: int) -> None:
        """The data portal fails a build, and with it all who joined it; or is too slow for the fast cluster."""
        reading = [worker for worker in self.workers if worker.at == READING]
        worker, too_slow = reading[which % len(reading)], which % 3 == 0
        what = "was too slow" if too_slow else "failed"
        before, followers, after = self._step(worker, what, passing_failure(too_slow=too_slow))
        if before.status == Status.RUNNING and after.status == Status.FAILED:
            SEEN["followers failed"] += len(followers)
            told = set(PackageRequest.objects.filter(pk__in=followers).values_list("status", "error_reference"))
            assert told <= {(Status.FAILED, after.error_reference)}

    def kill(self, which: int) -> None:
        """SIGKILL, wherever it stands."""
        worker = self.workers[which % len(self.workers)]
        SEEN[f"killed when {worker.at}"] += 1
        self._step(worker, "was killed", Killed())

    def finish_late(self, which: int) -> None:
        """A worker whose build another has by now finishes all the same."""
        self._wake_late(which, STORED, "finished")

    def fail_late(self, which: int) -> None:
        """The same for one that fails."""
        self._wake_late(which, READING, "failed", passing_failure())

    def be_slow_late(self, which: int) -> None:
        """The same for one that would leave it to the slow cluster."""
        self._wake_late(which, READING, "was too slow", passing_failure(too_slow=True))

    def _wake_late(self, which: int, at: str, what: str, error: BaseException | None = None) -> None:
        worker = self.workers[which % len(self.workers)]
        if (worker.at, at) == (READING, STORED):
            self._step(worker, "went on")
        if worker.at != at:
            return
        self._let_pass(PASSING[1], [other for other in self.workers if other is not worker])
        maintenance.requeue_stale()
        while OrmQ.objects.exists() and not any(
            other.request_id == worker.request_id and other is not worker for other in self.workers
        ):
            self.take_a_task(0)
        self._let_pass(timedelta(), [worker])
        self._step(worker, what, error)

    def _step(
        self, worker: Worker, what: str, error: BaseException | None = None
    ) -> tuple[PackageRequest, list[UUID], PackageRequest]:
        """Its request before, who had joined it, and its request after. Who has lost a build changes nothing of it."""
        before = PackageRequest.objects.get(pk=worker.request_id)
        followers = list(before.followers.filter(status=Status.QUEUED).values_list("pk", flat=True))
        worker.go_on(error)
        self.workers = [left for left in self.workers if left.at != OVER]
        after = PackageRequest.objects.get(pk=worker.request_id)
        if before.status == Status.RUNNING and before.attempt != worker.claim.attempt:
            SEEN[f"{what} while another builds it"] += 1
            assert facts_of(after) == facts_of(before)
        return before, followers, after

    def kill_a_sender(self, which: int) -> None:
        """It has claimed what is due and sends nothing."""
        first = Delivery.objects.due().first()
        if first:
            taken = {"state": "sending", "claimed_at": timezone.now(), "attempts": first.attempts + 1}
            Delivery.objects.filter(pk=first.pk).update(**taken)

    # ----------------------------------------------------------- schedules and time

    def pass_time(self, which: int) -> None:
        """Of odd numbers workers stand still meanwhile, and wake later."""
        self._let_pass(PASSING[which // 2], [] if which % 2 else self.workers)

    def _let_pass(self, time: timedelta, living: list[Worker]) -> None:
        self.time.shift(time)
        Cluster.objects.update(seen_at=timezone.now())
        for worker in living:
            before = PackageRequest.objects.get(pk=worker.request_id)
            held = (before.status, before.attempt) == (Status.RUNNING, worker.claim.attempt)
            SEEN["gave a sign of life while another builds it"] += before.status == Status.RUNNING and not held
            assert transitions.report(worker.claim) == held

    def look_after_builds(self, which: int) -> None:
        maintenance.requeue_stale()

    def look_after_packages(self, which: int) -> None:
        maintenance.expire_packages()

    def change_data(self, which: int) -> None:
        changes.resource_changed(f"table-{which % 2}", source="a test")

    # ------------------------------------------------------------ what always holds

    @invariant()
    def packages_that_are_offered_are_there(self) -> None:
        for request in PackageRequest.objects.filter(status=Status.SUCCEEDED).select_related("package"):
            assert request.package is not None
            assert request.package.deleted_at is None
            assert stores.default().has(request.package.stored_as)

    @invariant()
    def every_package_was_built_once(self) -> None:
        made = [names.build_of(name) for name in Package.objects.values_list("stored_as", flat=True)]
        assert len(made) == len(set(made))

    @invariant()
    def each_change_of_state_follows_on_the_one_before(self) -> None:
        states: dict[object, str] = {}
        for line in RequestHistory.objects.order_by("at", "pk"):
            assert line.from_status == states.get(line.request_id, ""), line.note
            states[line.request_id] = line.to_status
        assert states == dict(PackageRequest.objects.values_list("pk", "status"))

    @invariant()
    def whoever_comes_to_an_end_is_told_of_it_once(self) -> None:
        ends = RequestHistory.objects.filter(to_status__in=TOLD).values_list("request", "to_status")
        told = Counter(Delivery.objects.values_list("request", "subject"))
        assert told == Counter((request, TOLD[Status(status)]) for request, status in ends)

    # --------------------------------------------------------------- when all is over

    def teardown(self) -> None:
        """The living finish, the schedules go on; then nothing waits any more."""
        try:
            while self.workers:
                self._step(self.workers[0], "went on")
            self._drain()
            self._check_the_end()
        finally:
            for worker in self.workers:
                while worker.at != OVER:
                    worker.go_on(Killed())
            self.clock.stop()

    def _drain(self) -> None:
        for _ in range(ROUNDS):
            run_tasks()
            under_way = PackageRequest.objects.under_way().exists()
            if not under_way and not Delivery.objects.exclude(state="sent").exists():
                return
            self.pass_time(LATER)
            maintenance.requeue_stale()
            import_string("packager.tasks.send_due_deliveries")()
        raise AssertionError("something waits for ever")

    def _check_the_end(self) -> None:
        SEEN.update(PackageRequest.objects.values_list("status", flat=True))
        SEEN.update(f"failed: {code}" for code in PackageError.objects.values_list("code", flat=True))
        assert set(PackageRequest.objects.values_list("status", flat=True)) <= set(FINAL)
        ends = Counter(RequestHistory.objects.filter(to_status__in=TOLD).values_list("request__email", flat=True))
        assert Counter(address for message in mail.outbox for address in message.to) == ends
        self.time.shift(timedelta(days=2))
        maintenance.expire_packages()
        kept = set(Package.objects.kept().values_list("stored_as", flat=True))
        assert {file.name for file in stores.default().listing()} == kept
        assert not [path for path in stores.default().aside.iterdir() if path.suffix == ".part"]
        self.time.shift(timedelta(days=8))
        maintenance.expire_packages()
        SEEN.update(PackageRequest.objects.filter(status=Status.EXPIRED).values_list("status", flat=True))
        assert not PackageRequest.objects.filter(status=Status.SUCCEEDED).exists()
        assert not list(stores.default().listing())


@pytest.mark.slow
def test_requests_survive_everything_in_every_order(portal, settings):
    settings.PACKAGER_HEARTBEAT = 3600  # signs of life are given where time passes
    settings.PACKAGER_STALE_AFTER = 60
    settings.PACKAGER_MAILS_PER_ADDRESS = ""
    plugins.manager.register(PLUGIN)
    try:
        run_state_machine_as_test(Portal, settings=SETTINGS)
    finally:
        plugins.manager.unregister(PLUGIN)
    assert not MUST_HAPPEN - SEEN.keys(), SEEN


SETTINGS = settings(
    max_examples=25,
    stateful_step_count=50,
    deadline=None,
    database=None,
    derandomize=IN_CI,
    suppress_health_check=list(HealthCheck),
)
