"""No web request waits for a data portal, however it stalls."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.attacks.conftest import Target
from tests.attacks.evil import STALLS

pytestmark = pytest.mark.slow
AT_ONCE = 20


@pytest.fixture(autouse=True)
def tidied(target):
    yield
    target.cancel_all()


def waits_of_others(target: Target, busy) -> list[float]:
    """How long other pages took while ``busy`` said that the attack lasts, in seconds."""
    caller, waits = target.caller(), []
    while busy() or len(waits) < 15:
        for path in ("/healthz", "/", "/api/v1/"):
            start = time.monotonic()
            assert caller.get(path).status == 200
            waits.append(time.monotonic() - start)
    return waits


@pytest.mark.parametrize("mood", STALLS)
def test_requests_for_a_data_portal_that_stalls_are_taken_at_once(target, mood):
    with ThreadPoolExecutor(AT_ONCE) as many:
        calls = [
            many.submit(target.caller().post_form, "/package_datastore", target.form(target.evil.api_url(mood)))
            for _ in range(AT_ONCE)
        ]
        waits = waits_of_others(target, lambda: not all(call.done() for call in calls))
        assert {call.result().status for call in calls} == {200}
    assert statistics.median(waits) < 1


@pytest.mark.parametrize("mood", STALLS)
def test_estimates_give_up_after_two_seconds_and_leave_room_for_others(target, mood):
    caller = target.caller(with_key=True)

    def estimate(_: int) -> tuple[int, float]:
        start = time.monotonic()
        return caller.post_json("/api/v1/estimate/", target.body(target.evil.api_url(mood))).status, (
            time.monotonic() - start
        )

    with ThreadPoolExecutor(AT_ONCE) as many:
        calls = [many.submit(estimate, number) for number in range(AT_ONCE)]
        waits = waits_of_others(target, lambda: not all(call.done() for call in calls))
        found = [call.result() for call in calls]
    assert {status for status, _ in found} <= {200, 424}  # 200: it says that it knows no numbers
    assert statistics.median(seconds for _, seconds in found) < 10
    assert statistics.median(waits) < 1
