"""``/metrics`` says the same whichever process answers, counts what happened, and never counts backwards."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from packager.models import Delivery, Receiver, Status
from packager.presentation.service_status import overview
from portal import health
from pusher.models import PushJob
from stats import counters
from stats.models import Counter
from stats.rebuild import rebuild
from stats.reset import reset_errors, reset_requests
from tests.packager.rows import make
from tests.stats.happenings import built, downloaded, failed, served

pytestmark = pytest.mark.django_db


def scraped(name: str, **labels: str) -> float | None:
    """The value of a sample on the page; None if it is not there."""
    page = Client().get("/metrics").content.decode()
    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    found = [sample.value for sample in samples if sample.name == name and labels.items() <= sample.labels.items()]
    return found[0] if found else None


def test_ends_are_counted_by_how_they_came_about():
    served()
    served(cached=True)
    failed(code="source_busy")
    failed(code="source_busy")
    ended = [scraped("packaging_requests_ended_total", outcome=word) for word in ("built", "cached", "failed")]
    assert ended == [1, 1, 2]
    assert scraped("packaging_requests_failed_total", code="source_busy") == 2
    assert scraped("packaging_rows_served_total") == 20


def test_before_anything_has_happened_the_counters_stand_at_nought():
    assert scraped("packaging_requests_ended_total", outcome="failed") == 0
    assert scraped("packaging_build_seconds_count") == 0
    assert scraped("packaging_downloads_total") == 0


def test_downloads_and_their_bytes_are_counted():
    downloaded(size=1000)
    downloaded(size=24)
    assert (scraped("packaging_downloads_total"), scraped("packaging_downloaded_bytes_total")) == (2, 1024)


def test_builds_are_a_histogram_of_their_seconds():
    for seconds in (0.5, 1.0, 1.1, 59, 100_000):
        built(seconds=seconds)
    rising = {le: scraped("packaging_build_seconds_bucket", le=le) for le in ("1.0", "2.5", "60.0", "10800.0", "+Inf")}
    assert rising == {"1.0": 2, "2.5": 3, "60.0": 4, "10800.0": 4, "+Inf": 5}
    assert scraped("packaging_build_seconds_count") == 5
    assert scraped("packaging_build_seconds_sum") == pytest.approx(100_061.6)


def test_builds_that_were_counted_by_other_bounds_still_count():
    Counter.objects.create(name="built", label="45.0", number=3, amount=120)
    found, seconds = counters.build_seconds(counters.read()["built"])
    assert dict(found)[30.0] == 0
    assert (dict(found)[60.0], seconds) == (3, 120)


def test_nothing_that_is_reset_or_rebuilt_counts_backwards():
    served()
    failed()
    built()
    reset_requests()
    reset_errors()
    rebuild()
    assert scraped("packaging_requests_ended_total", outcome="built") == 1
    assert scraped("packaging_requests_ended_total", outcome="failed") == 1
    assert scraped("packaging_build_seconds_count") == 1


def test_the_longest_wait_is_that_of_a_request_which_is_built_itself():
    now = timezone.now()
    (leader,) = make(1, Status.QUEUED, queued_at=now - timedelta(minutes=5))
    make(1, Status.QUEUED, leader=leader, queued_at=now - timedelta(hours=1))
    assert scraped("packaging_waiting", queue="fast") == 2
    assert scraped("packaging_waiting_seconds", queue="fast") == pytest.approx(300, abs=20)
    assert scraped("packaging_waiting_seconds", queue="slow") == 0


def test_of_mail_the_longest_wait_is_that_of_the_delivery_which_is_overdue():
    _delivery(next_attempt_at=timezone.now() - timedelta(minutes=2))
    _delivery(next_attempt_at=timezone.now() + timedelta(minutes=2))
    assert scraped("packaging_waiting", queue="mail") == scraped("packaging_deliveries", state="due") == 1
    assert scraped("packaging_waiting_seconds", queue="mail") == pytest.approx(120, abs=20)


def _delivery(**facts: object) -> None:
    (request,) = make(1, Status.FAILED)
    now = timezone.now()
    plain = {"request": request, "subject": "failed", "address": "ada@example.org", "next_attempt_at": now}
    Delivery.objects.create(**{**plain, "created_at": now, **facts})


def test_deliveries_that_fail_and_that_were_given_up_are_told_apart():
    _delivery(error_code="mail_misconfigured", attempts=1)
    _delivery(error_code="delivery_postponed")
    _delivery(error_code="delivery_refused", state="failed", attempts=1)
    _delivery(error_code="delivery_refused", state="failed", next_attempt_at=timezone.now() - timedelta(days=2))
    assert scraped("packaging_deliveries_failing", channel="email", code="mail_misconfigured") == 1
    assert scraped("packaging_deliveries_failing", code="delivery_postponed") is None
    assert scraped("packaging_deliveries_given_up", channel="email") == 1
    assert scraped("packaging_deliveries_given_up", channel="webhook") == 0


def test_hosts_that_take_no_webhooks_are_counted():
    now = timezone.now()
    for host, hours in (("a.example.org", 1), ("b.example.org", 30)):
        Receiver.objects.create(host=host, failing_since=now - timedelta(hours=hours), next_attempt_at=now)
    assert [scraped("packaging_webhook_hosts", state=state) for state in ("failing", "stopped")] == [1, 1]


def test_the_longest_wait_of_a_push_is_that_of_one_that_could_begin():
    now = timezone.now()
    common = {"job_type": "push_to_datastore", "created_at": now, "ckan_host": "data.example.org"}
    PushJob.objects.create(
        **common, job_id="1", resource_id="a", state="running", queued_at=now - timedelta(hours=9), heartbeat_at=now
    )
    PushJob.objects.create(**common, job_id="2", resource_id="a", queued_at=now - timedelta(hours=8))
    PushJob.objects.create(**common, job_id="3", resource_id="b", queued_at=now - timedelta(minutes=1))
    later = {"queued_at": now - timedelta(hours=1), "not_before": now + timedelta(hours=1)}
    PushJob.objects.create(**common, job_id="4", resource_id="c", **later)
    assert scraped("packaging_pushes_waiting", queue="fast") == 3
    assert scraped("packaging_pushes_waiting_seconds", queue="fast") == pytest.approx(60, abs=20)


def test_without_the_database_the_page_still_says_so(monkeypatch):
    def away() -> bool:
        raise DatabaseError

    monkeypatch.setitem(health.CHECKS, "database", away)
    assert scraped("packaging_ready", part="database") == 0
    assert scraped("packaging_ready", part="clusters") is None
    assert scraped("packaging_info") == 1


def test_each_part_that_can_be_used_says_so():
    parts = ("database", "clusters", "queue", "store", "disk")
    assert [scraped("packaging_ready", part=part) for part in parts] == [1] * len(parts)


def test_the_overview_of_an_empty_portal_waits_for_nothing():
    assert overview().longest == {"fast": 0, "slow": 0, "mail": 0}


@pytest.mark.parametrize("name", ["web:8000", "10.0.0.7", "packages.internal"])
def test_the_pages_for_those_inside_answer_to_any_name_and_no_others_do(name):
    assert {Client().get(path, HTTP_HOST=name).status_code for path in sorted(health.INSIDE)} == {200}
    assert Client().get("/", HTTP_HOST=name).status_code == 400
