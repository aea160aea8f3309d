"""As many pass as may, and not one more, however many ask at once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from packager.lifecycle import maintenance
from packager.security import throttles
from packager.security.throttles import Throttle
from tests.processes.installation import postgres_database


def at_once(count: int, work) -> list:
    """What ``work`` gives in each of ``count`` threads that begin together."""
    answers, gate = [], threading.Barrier(count)

    def run() -> None:
        gate.wait()
        try:
            answers.append(work())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.parametrize("many", [8, 24])
def test_of_many_at_once_as_many_pass_as_may(transactional_db, many):
    waits = at_once(many, lambda: [throttles.take("ada", "20/h") for _ in range(5)])
    assert sum(wait == 0 for each in waits for wait in each) == 20
    assert all(0 <= wait <= 3600 for each in waits for wait in each)


def test_calls_of_the_api_at_once_are_counted_exactly(transactional_db, settings):
    settings.PACKAGER_THROTTLE_ADDRESS = "20/h"
    answers = at_once(12, lambda: [Client().get("/api/v1/").status_code for _ in range(5)])
    assert Counter(status for each in answers for status in each) == {200: 20, 429: 40}


@pytest.mark.postgres
def test_the_same_on_postgresql(transactional_db):
    """Rows are locked there, not the whole database: the second of two updates looks again."""
    with postgres_database() as address:
        script = (
            "import django; django.setup();"
            "from django.core.management import call_command; call_command('migrate', verbosity=0);"
            "from tests.packager.test_throttles_are_exact import at_once; from packager.security import throttles;"
            "waits = at_once(16, lambda: [throttles.take('ada', '20/h') for _ in range(20)]);"
            "print(sum(wait == 0 for each in waits for wait in each))"
        )
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "SECRET_KEY": "a key for this test only",
            "DATABASE_URL": address,
            "PYTHONPATH": str(settings.BASE_DIR),
        }
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
        )
        assert done.stdout.strip().endswith("20"), done.stderr


def test_a_window_opens_again_when_its_time_is_over(db):
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        assert [throttles.take("ada", "2/min") == 0 for _ in range(3)] == [True, True, False]
        assert throttles.take("ada", "2/min") == throttles.wait("ada", "2/min") == 60
        assert throttles.take("bea", "2/min") == 0
    with time_machine.travel(start + timedelta(seconds=59), tick=False):
        assert throttles.take("ada", "2/min") == 1
    with time_machine.travel(start + timedelta(seconds=60), tick=False):
        assert throttles.take("ada", "2/min") == 0


def test_what_did_not_happen_is_given_back(db):
    assert throttles.take("ada", "1/min") == 0
    throttles.give_back("ada")
    assert throttles.take("ada", "1/min") == 0


def test_without_a_rate_nothing_is_counted(db):
    assert throttles.take("ada", "") == throttles.wait("ada", "") == 0
    assert Throttle.objects.count() == 0


def test_windows_that_have_closed_are_forgotten(db):
    throttles.take("ada", "1/min")
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        maintenance.expire_packages()
    assert Throttle.objects.count() == 0


def guess(client: Client, secret: str, address: str = "192.0.2.1"):
    return client.post("/status", {"secret": secret}, REMOTE_ADDR=address)


def test_guessing_the_secret_is_braked_and_nobody_else_is(portal, settings):
    settings.PACKAGER_THROTTLE_SECRET = "5/min"
    answers = [guess(portal, f"guess {n}") for n in range(8)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 3
    assert answers[-1].json()["success"] is False
    assert 0 < int(answers[-1]["Retry-After"]) <= 60
    # a guess that hits is not told from one that misses
    assert guess(portal, settings.PACKAGER_SECRET).status_code == 429
    assert guess(portal, settings.PACKAGER_SECRET, "198.51.100.7").status_code == 200
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert guess(portal, settings.PACKAGER_SECRET).status_code == 200


def test_the_right_secret_is_not_counted(portal, settings):
    settings.PACKAGER_THROTTLE_SECRET = "1/min"
    assert {guess(portal, settings.PACKAGER_SECRET).status_code for _ in range(3)} == {200}
