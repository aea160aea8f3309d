"""Nobody's hundreds hold up somebody's one: the queue serves portals, and the requesters of each, in turn."""

from __future__ import annotations

import threading
from collections import Counter
from copy import deepcopy
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django_q.models import OrmQ
from hypothesis import given
from hypothesis import strategies as st

from packager import turns
from packager.lifecycle import dispatch, maintenance, requests, transitions
from packager.models import PackageRequest, Queue, Status, Turn
from packager.turns import Line, Party, Share
from tests.packager.conftest import run_tasks
from tests.packager.rows import make

START = datetime(2026, 1, 1, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


def queue(*people: str, host: str = "data.example.org", status: str = "queued", **more: object) -> list[PackageRequest]:
    """A request of each of these, in this order."""
    rows = []
    for person in people:
        number = PackageRequest.objects.count()
        plain = {"email": f"{person}@example.org", "ckan_host": host, "fingerprint": f"turn {number}"}
        rows += make(1, status, **{**plain, **more})
    return rows


def claimed(count: int, *, ends: bool = True) -> list[str]:
    """Who is served, in this order. ``ends``: each build is over before the next is begun."""
    order = []
    for _ in range(count):
        claim = transitions.claim_next(Queue.FAST, "here:1:2")
        if claim is None:
            break
        request = PackageRequest.objects.get(pk=claim.request_id)
        order.append(request.email.partition("@")[0] or request.requester)
        if ends:
            PackageRequest.objects.filter(pk=request.pk).update(status=Status.SUCCEEDED)
    return order


def test_one_request_waits_for_one_of_three_hundred_not_for_all():
    queue(*["ada"] * 300, "grace")
    assert claimed(2) == ["ada", "grace"]


def test_requesters_are_served_in_turn_and_each_the_oldest_first():
    rows = queue("ada", "ada", "ada", "grace", "grace", "joan")
    assert claimed(6) == ["ada", "grace", "joan", "ada", "grace", "ada"]
    begun = PackageRequest.objects.filter(email="ada@example.org").order_by("started_at").values_list("pk", flat=True)
    assert list(begun) == [row.pk for row in rows[:3]]


def test_a_stream_of_newcomers_does_not_hold_up_who_was_there_before():
    queue("ada", "ada", "ada")
    served = []
    for number in range(6):
        queue(f"newcomer{number}")
        served += claimed(1)
    assert served == ["ada", "newcomer0", "ada", "newcomer1", "newcomer2", "ada"]


def test_who_has_fewer_under_way_comes_first():
    queue("ada", "ada", "ada", "grace", "grace")
    assert claimed(5, ends=False) == ["ada", "grace", "ada", "grace", "ada"]
    queue("ada", "joan")
    assert claimed(1) == ["joan"]


def test_one_portal_does_not_hold_up_another_however_many_ask_of_it():
    queue(*[f"reader{number}" for number in range(300)], host="big.example.org")
    queue("grace", "grace", host="small.example.org")
    assert claimed(4) == ["reader0", "grace", "reader1", "grace"]


def test_files_from_three_hundred_hosts_are_still_the_files_of_one_requester():
    for number in range(30):
        queue("ada", host=f"files{number}.example.org", kind="url")
    queue("grace", host="files.example.org", kind="url")
    assert claimed(2) == ["ada", "grace"]


def test_an_address_is_the_same_person_however_it_is_written():
    queue("ada", "ada")
    queue("x", email="Ada@Example.org")
    queue("grace")
    assert claimed(3)[1] == "grace"


def test_without_an_address_the_requester_of_the_api_key_is_who_asks():
    queue(*"xxx", email="", requester="one")
    queue("x", email="", requester="two")
    assert claimed(2) == ["one", "two"]


def test_a_requester_has_no_more_under_way_than_allowed(settings):
    settings.PACKAGER_MAX_PER_REQUESTER = 2
    queue(*["ada"] * 5, "grace")
    assert claimed(9, ends=False) == ["ada", "grace", "ada"]
    assert turns.line("fast").ready == 0
    PackageRequest.objects.filter(email="ada@example.org", status="running").update(status=Status.SUCCEEDED)
    assert claimed(9, ends=False) == ["ada", "ada"]


def test_the_bound_counts_both_queues_and_zero_is_none(settings):
    settings.PACKAGER_MAX_PER_REQUESTER = 1
    queue("ada", queue="slow", status="running")
    queue("ada", "ada")
    assert claimed(2, ends=False) == []
    settings.PACKAGER_MAX_PER_REQUESTER = 0
    assert claimed(2, ends=False) == ["ada", "ada"]


def test_workers_that_claim_at_once_neither_pass_the_bound_nor_take_the_same(settings):
    settings.PACKAGER_MAX_PER_REQUESTER = 3
    queue(*["ada"] * 20, *["grace"] * 20)
    claims = []

    def work() -> None:
        try:
            for _ in range(3):
                claims.append(transitions.claim_next(Queue.FAST, "here:1:2"))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = [claim.request_id for claim in claims if claim]
    assert len(set(made)) == len(made) == 6
    running = PackageRequest.objects.filter(status="running").values_list("email", flat=True)
    assert Counter(running) == {"ada@example.org": 3, "grace@example.org": 3}


def test_when_a_build_ends_who_was_held_back_goes_on(portal, submission, settings):
    settings.PACKAGER_MAX_PER_REQUESTER = 1
    first, second = (requests.submit(submission(parameters={"limit": limit})) for limit in (1, 2))
    transitions.claim(first.pk, "elsewhere:1:2")
    run_tasks()
    assert PackageRequest.objects.get(pk=second.pk).status == Status.QUEUED
    PackageRequest.objects.filter(pk=first.pk).update(status=Status.CANCELLED)
    dispatch.begin_held_back()
    assert OrmQ.objects.count() == 1
    run_tasks()
    assert PackageRequest.objects.get(pk=second.pk).status == Status.SUCCEEDED


def test_all_of_a_requester_are_built_one_after_the_other_under_a_bound_of_one(portal, submission, settings):
    settings.PACKAGER_MAX_PER_REQUESTER = 1
    for limit in range(5):
        requests.submit(submission(parameters={"limit": limit}))
    OrmQ.objects.exclude(pk=OrmQ.objects.order_by("pk")[0].pk).delete()
    run_tasks()
    assert PackageRequest.objects.filter(status=Status.SUCCEEDED).count() == 5


def test_no_tasks_are_made_up_for_who_is_held_back_nor_twice_for_anybody(settings):
    settings.PACKAGER_MAX_PER_REQUESTER = 2
    queue("ada", status="running")
    queue(*["ada"] * 5, "grace", "grace")
    maintenance.requeue_stale()
    maintenance.requeue_stale()
    assert OrmQ.objects.count() == 3


def test_turns_of_yesterday_are_forgotten():
    queue("ada", "grace")
    claimed(1)
    assert Turn.objects.count() == 1
    Turn.objects.update(at=START)
    maintenance.expire_packages()
    assert Turn.objects.count() == 0


# --------------------------------------------------------------- the place that is told

PARTIES = st.dictionaries(
    st.builds(Party, st.sampled_from("xyz"), st.sampled_from("abcd")),
    st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 30), st.none() | st.integers(0, 30)),
    min_size=1,
)


def _line(parties: dict[Party, tuple[int, int, int, int | None]]) -> Line:
    shares, under_way = {}, Counter[str]()
    for party, (waiting, building, first, served) in parties.items():
        at = START + timedelta(seconds=first) if waiting else None
        was = None if served is None else START + timedelta(seconds=served)
        shares[party] = Share(waiting=waiting, building=building, first=at, served=was)
        under_way[party.requester] += building
    return Line(shares, under_way)


@given(PARTIES)
def test_places_are_told_in_the_order_in_which_workers_begin(parties):
    line, now = _line(parties), START + timedelta(hours=1)
    told = [(party, position) for party, share in line.shares.items() for position in range(1, share.waiting + 1)]
    told.sort(key=lambda one: line.place(*one).ahead)
    assert [line.place(*one).ahead for one in told] == list(range(len(told)))
    begun, positions, shares = [], Counter[Party](), deepcopy(line.shares)
    while turn := Line(shares, Counter()).in_turn():
        share = shares[turn[0]]
        positions[turn[0]] += 1
        begun.append((turn[0], positions[turn[0]]))
        now += timedelta(seconds=1)
        share.waiting, share.building, share.served = share.waiting - 1, share.building + 1, now
    assert told == begun


def test_a_place_counts_those_who_are_begun_before():
    ada, *_, last, grace = queue(*["ada"] * 10, "grace")
    places = turns.places([ada, last, grace])
    assert [places[row.pk].ahead for row in (ada, last, grace)] == [0, 10, 1]
    assert (places[grace.pk].others, places[grace.pk].held_back) == (1, False)


def test_who_is_held_back_is_told_how_many_are_under_way(settings):
    settings.PACKAGER_MAX_PER_REQUESTER = 2
    queue("ada", "ada", status="running")
    ada, grace = queue("ada", "grace")
    places = turns.places([ada, grace])
    assert (places[ada.pk].held_back, places[ada.pk].under_way) == (True, 2)
    assert places[grace.pk].ahead == 0
