"""``/metrics``: what a monitor wants to know, in Prometheus's text format.

Everything is read from what all processes share, when it is asked for: whichever process answers, the numbers are the
same. Nothing is counted in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta

from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from messaging import state as messaging
from packager import VERSION
from packager.models import Delivery, Receiver
from packager.presentation.service_status import Overview, overview
from packager.storage import stores
from portal import health
from pusher import overview as pushes
from stats import counters
from stats.counters import Name


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text format."""
    registry = CollectorRegistry()
    registry.register(_Collector())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Collector:
    def collect(self) -> Iterator[Metric]:
        yield _gauge("packaging_info", "Which version answers", {VERSION: 1}, "version")
        # the store is tried every few seconds at most
        checks = {**health.CHECKS, "store": lambda: not stores.state().problem}
        has_database = health.works(checks.pop("database"))
        parts = {name: int(health.works(check)) for name, check in checks.items()} if has_database else {}
        ready = {"database": int(has_database), **parts}
        yield _gauge("packaging_ready", "1 for each part of the portal that can be used", ready, "part")
        if has_database:
            yield from _everything()


def _everything() -> Iterator[Metric]:
    now = overview()
    yield _gauge("packaging_requests", "Requests by state", now.requests, "state")
    yield _gauge("packaging_waiting", "What waits, by cluster: requests, and for mail deliveries", now.waiting, "queue")
    about = "How long the first of them has waited"
    yield _gauge("packaging_waiting_seconds", about, now.longest, "queue")
    workers = {name: sum(c.workers for c in now.clusters if c.queue == name) for name in settings.CLUSTERS}
    yield _gauge("packaging_cluster_workers", "Worker processes by queue", workers, "queue")
    wedged = {name: int(name in now.wedged) for name in settings.CLUSTERS}
    yield _gauge("packaging_cluster_wedged", "1 if a cluster of that queue takes no tasks", wedged, "queue")
    yield from _counted()
    yield from _deliveries(now)
    yield from _store()
    if settings.PUSHER_ENABLED:
        yield from _pushes()
    yield from _messages()


def _counted() -> Iterator[Metric]:
    known = counters.read()
    served, failed = known[Name.SERVED], known[Name.FAILED]
    ended = {"built": 0, "cached": 0, **{label: number for label, (number, _) in served.items()}}
    ended["failed"] = sum(number for number, _ in failed.values())
    yield _counter("packaging_requests_ended", "Requests that came to an end, and how", ended, "outcome")
    codes = {code: number for code, (number, _) in failed.items()}
    yield _counter("packaging_requests_failed", "Requests that failed, by the code of the error", codes, "code")
    rows = sum(amount for _, amount in served.values())
    yield CounterMetricFamily("packaging_rows_served", "Rows in the packages that were handed out", value=rows)
    downloads, size = known[Name.DOWNLOADED].get("", (0, 0.0))
    yield CounterMetricFamily("packaging_downloads", "Packages that were sent", value=downloads)
    yield CounterMetricFamily("packaging_downloaded_bytes", "Their bytes", value=size)
    buckets, seconds = counters.build_seconds(known[Name.BUILT])
    named = [("+Inf" if bound == float("inf") else str(bound), number) for bound, number in buckets]
    yield HistogramMetricFamily("packaging_build_seconds", "How long packages took to build", named, seconds)


def _deliveries(now: Overview) -> Iterator[Metric]:
    yield _gauge("packaging_deliveries", "Deliveries that are due", {"due": now.waiting["mail"]}, "state")
    failing = GaugeMetricFamily(
        "packaging_deliveries_failing", "Deliveries that failed and are tried again", labels=["channel", "code"]
    )
    found = Delivery.objects.failing().order_by().values_list("channel", "error_code").annotate(Count("pk"))
    for channel, code, number in found:
        failing.add_metric([channel, code], number)
    yield failing
    a_day_ago = timezone.now() - timedelta(days=1)
    lost = Delivery.objects.given_up_since(a_day_ago).order_by().values_list("channel").annotate(Count("pk"))
    about = "Deliveries of the last 24 hours that were given up"
    yield _gauge("packaging_deliveries_given_up", about, {"email": 0, "webhook": 0, **dict(lost)}, "channel")
    hosts = Counter(failing=0, stopped=0)
    hosts.update("stopped" if receiver.stopped else "failing" for receiver in Receiver.objects.all())
    yield _gauge(
        "packaging_webhook_hosts", "Hosts that do not take webhooks: they fail, or are stopped", hosts, "state"
    )


def _store() -> Iterator[Metric]:
    state = stores.state()
    yield GaugeMetricFamily("packaging_store_up", "Whether a package could be saved", value=not state.problem)
    about = "Packages whose files are not in the store"
    yield GaugeMetricFamily("packaging_packages_missing", about, value=state.missing)
    yield GaugeMetricFamily("packaging_store_used_bytes", "Bytes of the packages in the store", value=state.used)
    if state.quota:
        yield GaugeMetricFamily("packaging_store_quota_bytes", "Bytes that they may have", value=state.quota)
    if state.free is not None:
        yield GaugeMetricFamily("packaging_store_free_bytes", "Room left in the store", value=state.free)


def _pushes() -> Iterator[Metric]:
    now = pushes.overview()
    yield _gauge("packaging_pushes", "Pushes by state", now.states, "state")
    yield _gauge("packaging_pushes_waiting", "Pushes that wait, by queue", now.waiting, "queue")
    about = "How long the first that could begin has waited"
    yield _gauge("packaging_pushes_waiting_seconds", about, now.longest, "queue")
    yield GaugeMetricFamily("packaging_pushes_untold", "Pushes whose end CKAN has not heard of", value=now.untold)


def _messages() -> Iterator[Metric]:
    now = messaging.state()
    if now is None:
        return
    yield GaugeMetricFamily("packaging_amqp_connected", "Whether a gateway is connected", value=now.connected)
    about = "Whether RabbitMQ, though connected, takes no messages"
    yield GaugeMetricFamily("packaging_amqp_blocked", about, value=bool(now.blocked))
    yield GaugeMetricFamily("packaging_amqp_gateways", "Gateways that are alive", value=now.gateways)
    yield GaugeMetricFamily("packaging_amqp_outbox", "Messages that wait to be sent", value=now.waiting)
    yield GaugeMetricFamily("packaging_amqp_outbox_seconds", "Age of the oldest of them", value=now.oldest or 0)
    counted = {"received": now.received, "sent": now.sent, "dead": now.dead}
    yield _gauge("packaging_amqp_messages", "Messages since the gateways were started", counted, "kind")


def _gauge(name: str, text: str, values: Mapping[str, float], label: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _counter(name: str, text: str, values: Mapping[str, float], label: str) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
