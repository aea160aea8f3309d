"""Whoever floods the portal holds up nobody, fills no mailbox, keeps no receiver busy and guesses nothing."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.attacks import evil
from tests.attacks.conftest import Target
from tests.attacks.evil import always
from tests.processes.installation import SECRET

pytestmark = pytest.mark.slow
NUMBER = "SELECT count(*) FROM packager_packagerequest WHERE"


@pytest.fixture(autouse=True)
def tidied(target):
    yield
    target.ckan.faults.clear()
    target.cancel_all()


def ask(target: Target, email: str, count: int = 1, **fields: str) -> list[str]:
    """Ids of requests for packages of their own."""

    def one(_: int) -> str:
        form = target.form(email=email, **fields)

        def taken() -> str | None:
            answer = target.caller().post_form("/package_datastore", form)
            assert answer.status in (200, 503), answer.body  # 503: come back in a moment
            return answer.json.get("request_id")

        return str(target.installation.wait(taken))

    with ThreadPoolExecutor(10) as many:
        return list(many.map(one, range(count)))


def under_way(target: Target, email: str) -> int:
    """How many requests of somebody have not come to an end."""
    return int(target.installation.one(f"{NUMBER} email = '{email}' AND finished_at IS NULL"))


def served(target: Target, request_id: str) -> None:
    """Wait until its package is there."""
    pk = request_id.replace("-", "")
    status = f"SELECT status FROM packager_packagerequest WHERE id = '{pk}'"
    assert (
        target.installation.wait(lambda: found if (found := target.installation.one(status)) in ENDS else "")
        == "succeeded"
    )


ENDS = ("succeeded", "failed", "cancelled")


# ------------------------------------------------------------------ turns


def test_one_request_is_served_in_its_turn_among_hundreds_of_another(target):
    target.ckan.faults.add("slow", seconds=0.3, times=100_000)
    ask(target, "flood@example.org", 200)
    (one,) = ask(target, "grace@example.org")
    served(target, one)
    assert under_way(target, "flood@example.org") > 100
    own = "(SELECT {} FROM packager_packagerequest WHERE email = 'grace@example.org')"
    between = f"started_at > {own.format('queued_at')} AND started_at < {own.format('started_at')}"
    assert target.installation.one(f"{NUMBER} email = 'flood@example.org' AND {between}") <= 2


def test_a_portal_that_is_well_is_served_while_another_keeps_silent(target):
    for number in range(12):
        ask(target, f"person{number}@example.org", api_url=target.evil.api_url("hangs"))
    (one,) = ask(target, "joan@example.org")
    served(target, one)
    silent = f"{NUMBER} ckan_host = '{target.evil.host}' AND finished_at IS NULL"
    assert target.installation.one(silent) == 12


# ------------------------------------------------------------------ emails


def mails_to(target: Target, address: str) -> str:
    """All mails that went to an address, their headers included."""
    texts = (path.read_text(errors="replace") for path in (target.installation.directory / "mail").iterdir())
    return "\n".join(mail for text in texts for mail in text.split("-" * 79) if f"To: {address}" in mail)


def test_a_mailbox_gets_five_mails_an_hour_and_the_rest_in_one(target):
    victim = "victim@example.org"
    ask(target, victim, 12, limit="7")
    state = "SELECT count(*) FROM packager_delivery WHERE address = 'victim@example.org' AND state = '{}'"
    target.installation.wait(lambda: target.installation.one(state.format("sent")) == 5)
    target.installation.wait(lambda: under_way(target, victim) == 0)
    assert mails_to(target, victim).count(f"To: {victim}") == 5
    hour_later = (
        "from datetime import timedelta; from django.db.models import F; from packager import tasks;"
        "from packager.models import Delivery; from packager.security.throttles import Throttle;"
        "Throttle.objects.update(opened_at=F('opened_at') - timedelta(hours=1));"
        f"Delivery.objects.filter(address='{victim}', state='pending')"
        ".update(next_attempt_at=F('next_attempt_at') - timedelta(hours=1));"
        "tasks.send_due_deliveries()"
    )
    target.installation.manage("shell", "-c", hour_later)
    target.installation.wait(lambda: target.installation.one(state.format("sent")) == 12)
    assert mails_to(target, victim).count(f"To: {victim}") == 6
    assert "Subject: News about 7 requests" in mails_to(target, victim)


# ---------------------------------------------------------------- webhooks


class Receiver:
    """Holds every call for a while, then hangs up without a word; counts those it holds."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.calls, self.most = seconds, 0, 0
        self._held, self._lock = 0, threading.Lock()

    def __call__(self, connection, path, asked) -> None:
        with self._lock:
            self._held += 1
            self.calls += 1
            self.most = max(self.most, self._held)
        time.sleep(self.seconds)
        with self._lock:
            self._held -= 1


def test_a_receiver_that_holds_its_calls_gets_few_and_others_get_theirs(target):
    target.evil.moods["holds"] = holding = Receiver(3)
    with evil.running() as well:
        well.moods["takes"] = always(b"", "204 No Content")
        caller = target.caller(with_key=True)
        sick = [f"http://{target.evil.host}/holds/hook"] * 10
        for url in [*sick, f"http://{well.host}/takes/hook"]:
            assert caller.post_json("/api/v1/requests/", target.body(webhook_url=url)).status == 201
        (mailed,) = ask(target, "bea@example.org")
        served(target, mailed)
        target.installation.wait(lambda: mails_to(target, "bea@example.org"))
        target.installation.wait(lambda: "/takes/hook" in well.asked)
        failed = f"SELECT count(*) FROM packager_receiver WHERE host = '{target.evil.host}'"
        target.installation.wait(lambda: target.installation.one(failed))
    pending = (
        "SELECT count(*) FROM packager_delivery WHERE channel = 'webhook' AND state = 'pending' AND address = '{}'"
    )
    target.installation.wait(lambda: target.installation.one(pending.format(sick[0])) == len(sick))
    assert holding.most <= 2
    assert holding.calls <= 3  # those at once, and one more that finds out whether it has recovered


# ----------------------------------------------------------------- guesses


def guess(target: Target, caller, secret: str) -> int:
    return int(caller.post_form("/status", {"secret": secret}).status)


def test_of_many_guesses_at_once_as_many_are_answered_as_may_and_not_one_more(target):
    attacker = target.caller()
    with ThreadPoolExecutor(20) as many:
        statuses = Counter(many.map(lambda n: guess(target, attacker, f"guess {n}"), range(60)))
    assert statuses == {401: 10, 429: 50}
    # one that hits is not told from the others, and nobody else is braked
    last = attacker.post_form("/status", {"secret": SECRET})
    assert (last.status, 0 < int(last.headers["Retry-After"]) <= 60) == (429, True)
    assert guess(target, target.caller(), SECRET) == 200


def test_the_secret_of_the_pusher_is_guessed_no_faster(target):
    attacker = target.caller()
    job = {"job_type": "push_to_datastore", "api_key": "x", "metadata": {}}
    made = target.caller().post_json("/pusher/job", job).json["job_id"]

    def show(number: int) -> int:
        return int(attacker.get(f"/pusher/job/{made}", Authorization=f"guess {number}").status)

    with ThreadPoolExecutor(20) as many:
        assert Counter(many.map(show, range(40))) == {403: 10, 429: 30}
