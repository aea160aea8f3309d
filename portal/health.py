"""``/healthz``, ``/readyz`` and ``/metrics``: what a supervisor wants to know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from messaging import state as messaging
from packager.lifecycle import dispatch
from packager.models import Cluster, Delivery, PackageRequest
from packager.presentation.service_status import overview
from packager.storage import stores
from pusher import overview as pushes


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "alive"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 if database, queue, store and disk can be used and no cluster is wedged, else 503; says what is wrong."""
    parts = {name: _works(check) for name, check in CHECKS.items()}
    good = all(parts.values())
    state = {name: "ok" if works else "failed" for name, works in parts.items()}
    if parts["database"] and not parts["clusters"]:
        state["clusters"] = "wedged"
    return JsonResponse({"status": "ready" if good else "not ready", **state}, status=200 if good else 503)


def _works(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception:  # the answer is only whether it works; the log of the part itself says why not
        return False


def _disk() -> bool:
    return not stores.short_of_space()


CHECKS: dict[str, Callable[[], bool]] = {
    # an UPDATE, if only of nothing, needs what a request needs: a database that is no mere copy, and no lock on it
    "database": lambda: PackageRequest.objects.filter(token="").update(token="") == 0,
    "clusters": lambda: not Cluster.objects.alive().exclude(wedged_since=None).exists(),
    "queue": lambda: all(dispatch.queue_length(queue) >= 0 for queue in settings.CLUSTERS),
    "store": lambda: not stores.problem(),
    "disk": _disk,
}


class _Collector:
    def collect(self) -> Iterator[Any]:
        """Everything that is measured, read when it is asked for: the numbers live in the database."""
        now = overview()
        yield _gauge("packaging_requests", "Requests by state", "state", now.requests)
        yield _gauge("packaging_waiting", "Requests that wait, by queue", "queue", now.waiting)
        if settings.PUSHER_ENABLED:
            yield from _pushes()
        workers = {name: sum(c.workers for c in now.clusters if c.queue == name) for name in settings.CLUSTERS}
        yield _gauge("packaging_cluster_workers", "Worker processes by queue", "queue", workers)
        wedged = {name: int(name in now.wedged) for name in settings.CLUSTERS}
        yield _gauge("packaging_cluster_wedged", "1 if a cluster of that queue takes no tasks", "queue", wedged)
        due = {"due": Delivery.objects.due().count()}
        yield _gauge("packaging_deliveries", "Deliveries that are due", "state", due)
        yield from _store_state()
        yield from _messages()


def _messages() -> Iterator[Any]:
    now = messaging.state()
    if now is None:
        return
    yield GaugeMetricFamily("packaging_amqp_connected", "Whether a gateway is connected", value=now.connected)
    yield GaugeMetricFamily("packaging_amqp_gateways", "Gateways that are alive", value=now.gateways)
    yield GaugeMetricFamily("packaging_amqp_outbox", "Messages that wait to be sent", value=now.waiting)
    yield GaugeMetricFamily("packaging_amqp_outbox_seconds", "Age of the oldest of them", value=now.oldest or 0)
    counted = {"received": now.received, "sent": now.sent, "dead": now.dead}
    yield _gauge("packaging_amqp_messages", "Messages since the gateways were started", "kind", counted)


def _store_state() -> Iterator[Any]:
    state = stores.state()
    yield GaugeMetricFamily("packaging_store_up", "Whether a package could be saved", value=not state.problem)
    about = "Packages whose files are not in the store"
    yield GaugeMetricFamily("packaging_packages_missing", about, value=state.missing)
    yield GaugeMetricFamily("packaging_store_used_bytes", "Bytes of the packages in the store", value=state.used)
    if state.quota:
        yield GaugeMetricFamily("packaging_store_quota_bytes", "Bytes that they may have", value=state.quota)
    if state.free is not None:
        yield GaugeMetricFamily("packaging_store_free_bytes", "Room left in the store", value=state.free)


def _pushes() -> Iterator[Any]:
    now = pushes.overview()
    yield _gauge("packaging_pushes", "Pushes by state", "state", now.states)
    yield _gauge("packaging_pushes_waiting", "Pushes that wait, by queue", "queue", now.waiting)
    yield GaugeMetricFamily("packaging_pushes_untold", "Pushes whose end CKAN has not heard of", value=now.untold)


def _gauge(name: str, text: str, label: str, values: dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text format."""
    registry = CollectorRegistry()
    registry.register(_Collector())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
