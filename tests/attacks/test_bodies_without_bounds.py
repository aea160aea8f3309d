"""However much a data portal sends, every process stays small, and the request fails with the right words."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.attacks.evil import FLOODS, MIB, always

pytestmark = pytest.mark.slow
MOODS = [*FLOODS, "bomb", "bomb-as-an-error"]
#: MiB that no process may need more of. Without a bound the bomb alone takes 400.
MOST = 300
#: What a data portal that sends too much may be called.
CODES = {"answer_too_large", "source_busy", "query_rejected", "source_unreachable", "source_timeout"}


@pytest.fixture(scope="module", autouse=True)
def bombs(target):
    target.evil.add_bombs()


def test_estimates_of_endless_answers_end_and_the_web_server_stays_small(target):
    caller = target.caller(with_key=True)
    for mood in MOODS:
        found = caller.post_json("/api/v1/estimate/", target.body(target.evil.api_url(mood)))
        assert found.status == 424, (mood, found.body)
        assert found.json["code"] in CODES, mood
    assert {name: size for name, size in target.largest.items() if size > MOST} == {}


def test_builds_of_endless_answers_fail_and_the_workers_stay_small(target):
    caller = target.caller(with_key=True)
    asked = {
        mood: caller.post_json("/api/v1/requests/", target.body(target.evil.api_url(mood))).json["id"] for mood in MOODS
    }
    ends = {mood: target.end_of(caller, request_id) for mood, request_id in asked.items()}
    assert {mood: end["status"] for mood, end in ends.items()} == dict.fromkeys(MOODS, "failed")
    assert {end["failure"]["code"] for end in ends.values()} <= CODES
    assert {name: size for name, size in target.largest.items() if size > MOST} == {}


@pytest.mark.parametrize("mood", ["endless", "bomb", "claims-a-terabyte"])
def test_a_file_that_is_too_large_is_not_packed(target, mood):
    caller = target.caller(with_key=True)
    body = {"resource_id": "a file", "kind": "url", "resource_url": f"http://{target.evil.host}/{mood}/file.bin"}
    end = target.end_of(caller, caller.post_json("/api/v1/requests/", body).json["id"])
    assert (end["status"], end["failure"]["code"]) == ("failed", "file_too_large")
    assert {name: size for name, size in target.largest.items() if size > MOST} == {}


def test_what_was_left_of_all_this_is_nothing(target):
    temporary = target.installation.directory / "tmp"
    assert [path for path in temporary.rglob("*") if path.is_file()] == []


def test_many_at_once_are_no_worse(target):
    caller = target.caller(with_key=True)
    target.evil.moods["three-mib"] = always(b'{"success": true, "result": {"a": "' + b"x" * 3 * MIB + b'"}}')
    with ThreadPoolExecutor(10) as many:
        bodies = [target.body(target.evil.api_url("three-mib")) for _ in range(10)]
        statuses = [
            found.status for found in many.map(lambda body: caller.post_json("/api/v1/estimate/", body), bodies)
        ]
    assert set(statuses) <= {200, 424}
    assert {name: size for name, size in target.largest.items() if size > MOST} == {}
