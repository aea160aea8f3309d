"""The download."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_cache_control
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from packager import events
from packager.errors import StoreError
from packager.models import Package, PackageRequest, Status, increase
from packager.security.capability_links import private
from packager.storage import filesystem, http_range


@require_safe
def download(request: HttpRequest, token: str, file_name: str) -> HttpResponseBase:
    """The package: whole or in part; 410 when its time is over."""
    wanted = get_object_or_404(PackageRequest.objects.select_related("package"), token=token)
    package = wanted.package
    if wanted.status == Status.EXPIRED or (package and package.deleted_at):
        return _gone(request, wanted)
    if package is None or package.file_name != file_name:
        raise Http404("There is no such package.")
    try:
        return _send(request, wanted, package)
    except StoreError:
        return _gone(request, wanted)


def _gone(request: HttpRequest, wanted: PackageRequest) -> HttpResponse:
    return private(render(request, "requester/gone.html", {"package_request": wanted}, status=410))


def _send(request: HttpRequest, wanted: PackageRequest, package: Package) -> HttpResponseBase:
    store, etag = filesystem.default(), quote_etag(package.sha256)
    file = store.open(package.stored_as)
    response = http_range.respond(request, file, package.size, etag, package.created_at.timestamp())
    if response.status_code < 300:
        if settings.PACKAGER_ACCEL_PREFIX:
            response = _hand_to_front(response, package)
        response["Content-Type"] = "application/zip"
        response["Content-Disposition"] = f'attachment; filename="{package.file_name}"'
        _count(request, wanted, package)
    patch_cache_control(response, private=True, no_transform=True)
    return response


def _hand_to_front(response: HttpResponseBase, package: Package) -> HttpResponse:
    # the web server in front sends the file, and does Range itself
    response.close()
    handed = HttpResponse(headers={"X-Accel-Redirect": settings.PACKAGER_ACCEL_PREFIX + package.stored_as})
    handed["ETag"] = response["ETag"]
    handed["Last-Modified"] = response["Last-Modified"]
    return handed


def _count(request: HttpRequest, wanted: PackageRequest, package: Package) -> None:
    from_the_start = request.headers.get("Range", "bytes=0-").replace(" ", "").startswith("bytes=0-")
    if request.method != "GET" or not from_the_start:
        return
    Package.objects.filter(pk=package.pk).update(**increase(downloads=1, bytes_served=package.size))
    downloaded = events.PackageDownloaded(**wanted.event_facts(), size=package.size)
    transaction.on_commit(partial(events.publish, downloaded))
