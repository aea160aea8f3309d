"""``/healthz`` and ``/readyz``: what a supervisor wants to know."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.http.request import split_domain_port, validate_host
from django.views.decorators.http import require_safe

from packager.lifecycle import dispatch
from packager.models import Cluster, PackageRequest
from packager.storage import stores

#: What is asked for from inside.
INSIDE = frozenset({"/healthz", "/readyz", "/metrics"})


def any_name(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Has the pages for those inside answer whatever they call this machine: ``web:8000``, or its address."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        host, _ = split_domain_port(request.META.get("HTTP_HOST", ""))
        if request.path in INSIDE and not validate_host(host, settings.ALLOWED_HOSTS):
            request.META["HTTP_HOST"] = urlsplit(settings.PUBLIC_URL).netloc
        return get_response(request)

    return handle


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "alive"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 if database, queue, store and disk can be used and no cluster is wedged, else 503; says what is wrong."""
    parts = {name: works(check) for name, check in CHECKS.items()}
    good = all(parts.values())
    state = {name: "ok" if works else "failed" for name, works in parts.items()}
    if parts["database"] and not parts["clusters"]:
        state["clusters"] = "wedged"
    return JsonResponse({"status": "ready" if good else "not ready", **state}, status=200 if good else 503)


def works(check: Callable[[], bool]) -> bool:
    """Whether ``check`` returns true, and raises nothing."""
    try:
        return check()
    except Exception:  # the answer is only whether it works; the log of the part itself says why not
        return False


CHECKS: dict[str, Callable[[], bool]] = {
    # an UPDATE, if only of nothing, needs what a request needs: a database that is no mere copy, and no lock on it
    "database": lambda: PackageRequest.objects.filter(token="").update(token="") == 0,
    "clusters": lambda: not Cluster.objects.alive().exclude(wedged_since=None).exists(),
    "queue": lambda: all(dispatch.queue_length(queue) >= 0 for queue in settings.CLUSTERS),
    "store": lambda: not stores.problem(),
    "disk": lambda: not stores.short_of_space(),
}
