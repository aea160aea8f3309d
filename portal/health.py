"""``/healthz``, ``/readyz`` and ``/metrics``: what a supervisor wants to know."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from packager.lifecycle import dispatch
from packager.models import Delivery
from packager.presentation.service_status import Overview, overview
from packager.storage import filesystem

#: Less room than this in the store is not ready.
LEAST_FREE = 100 * 2**20


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "alive"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 if database, queue, store and disk can be used, else 503; says which cannot."""
    parts = {name: _works(check) for name, check in CHECKS.items()}
    good = all(parts.values())
    state = {name: "ok" if works else "failed" for name, works in parts.items()}
    return JsonResponse({"status": "ready" if good else "not ready", **state}, status=200 if good else 503)


def _works(check: Callable[[], object]) -> bool:
    try:
        return bool(check())
    except Exception:  # the answer is only whether it works; the log of the part itself says why not
        return False


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone() == (1,)


def _queue() -> bool:
    return all(dispatch.queue_length(queue) >= 0 for queue in settings.QUEUES)


def _store() -> bool:
    aside = filesystem.default().aside
    probe = aside / ".probe"
    probe.write_bytes(b"")
    probe.unlink(missing_ok=True)
    return True


def free_bytes() -> int:
    """Room left in the store."""
    return shutil.disk_usage(filesystem.default().aside).free


CHECKS: dict[str, Callable[[], object]] = {
    "database": _database,
    "queue": _queue,
    "store": _store,
    "disk": lambda: free_bytes() > LEAST_FREE,
}


class _Collector:
    def collect(self) -> Iterator[Any]:
        """Everything that is measured, read when it is asked for: the numbers live in the database."""
        now = overview()
        yield from _counts(now)
        yield _gauge("packaging_cluster_workers", "Worker processes by queue", "queue", _workers(now))
        due = {"due": Delivery.objects.due().count()}
        yield _gauge("packaging_deliveries", "Deliveries that are due", "state", due)
        yield GaugeMetricFamily("packaging_store_free_bytes", "Room left in the store", value=free_bytes())


def _counts(now: Overview) -> Iterator[Any]:
    yield _gauge("packaging_requests", "Requests by state", "state", now.requests)
    yield _gauge("packaging_waiting", "Requests that wait, by queue", "queue", now.waiting)


def _workers(now: Overview) -> dict[str, int]:
    counted = dict.fromkeys(settings.QUEUES, 0)
    for cluster in now.clusters:
        counted[cluster.queue] += cluster.workers
    return counted


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
