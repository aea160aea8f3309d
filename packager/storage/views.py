"""The download."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from io import BytesIO

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_cache_control
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from packager import events
from packager.errors import DownloadsBusy, PackageLost, StoreError
from packager.models import Package, PackageRequest, Status, increase
from packager.security.capability_links import private, unlinked
from packager.storage import downloads, http_range, missing, stores
from packager.storage.base import Reader, SignsLinks
from packager.storage.file_names import attachment

log = logging.getLogger(__name__)
#: Seconds after which somebody may try again whose package could not be reached.
RETRY_AFTER = 120
#: The same while many others download.
BUSY = 10
#: How long (seconds) a link that the store signed lets a download begin.
LINK_SECONDS = 300


@require_safe
def download(request: HttpRequest, token: str, file_name: str) -> HttpResponseBase:
    """The package: whole or in part; 410 when its time is over or its file is gone, 503 while it has to wait."""
    wanted = get_object_or_404(PackageRequest.objects.select_related("package"), token=token)
    package = wanted.package
    if wanted.status == Status.EXPIRED or (package and package.deleted_at):
        return _gone(request, wanted)
    if package is None or package.file_name != file_name:
        raise Http404("There is no such package.")
    try:
        return _redirect(request, wanted, package) or _send(request, wanted, package)
    except PackageLost:
        missing.note([package])
        package.refresh_from_db()
        return _gone(request, wanted)
    except DownloadsBusy:
        busy = private(render(request, "requester/busy.html", status=503))
        # browsers go by the one, programs by the other
        busy["Refresh"] = busy["Retry-After"] = str(BUSY)
        return busy
    except StoreError as error:
        log.warning("the package of request %s cannot be sent: %s", wanted.pk, error)
        away = private(render(request, "requester/unavailable.html", status=503))
        away["Retry-After"] = str(RETRY_AFTER)
        return away


def _gone(request: HttpRequest, wanted: PackageRequest) -> HttpResponse:
    return private(render(request, "requester/gone.html", {"package_request": wanted}, status=410))


def _redirect(request: HttpRequest, wanted: PackageRequest, package: Package) -> HttpResponse | None:
    """To the store itself, if it can hand the package out and shall. HEAD, which its links do not take, is ours."""
    store = stores.default()
    if request.method == "HEAD" or not (settings.PACKAGER_STORE_REDIRECT and isinstance(store, SignsLinks)):
        return None
    if not store.has(package.stored_as):
        raise PackageLost
    _count(request, wanted, package)
    return private(HttpResponseRedirect(store.link(package.stored_as, package.file_name, LINK_SECONDS)))


def _send(request: HttpRequest, wanted: PackageRequest, package: Package) -> HttpResponseBase:
    modified, etag = package.created_at.timestamp(), quote_etag(package.sha256)
    response = http_range.respond(request, _opener(request, package), package.size, etag, modified)
    if response.status_code < 300:
        if settings.PACKAGER_ACCEL_PREFIX:
            # the web server in front sends the file, and does Range itself
            response.close()
            known = {name: response[name] for name in ("ETag", "Last-Modified")}
            response = HttpResponse(headers=known)
            response["X-Accel-Redirect"] = settings.PACKAGER_ACCEL_PREFIX + package.stored_as
        response["Content-Type"] = "application/zip"
        response["Content-Disposition"] = attachment(package.file_name)
        try:
            _count(request, wanted, package)
        except BaseException:
            response.close()  # whoever catches it keeps the response, and the place of this download
            raise
    patch_cache_control(response, private=True, no_transform=True)
    return unlinked(response)


def _opener(request: HttpRequest, package: Package) -> Callable[[int, int], Reader]:
    """The package, from a byte so many bytes. Raises PackageLost, DownloadsBusy."""
    store = stores.default()
    if request.method != "HEAD" and not settings.PACKAGER_ACCEL_PREFIX:
        return downloads.in_turn(partial(store.open, package.stored_as))
    # nobody reads it here, but whether it is there must be known
    if not store.has(package.stored_as):
        raise PackageLost
    return lambda start, length: BytesIO()


def _count(request: HttpRequest, wanted: PackageRequest, package: Package) -> None:
    from_the_start = request.headers.get("Range", "bytes=0-").replace(" ", "").startswith("bytes=0-")
    if request.method != "GET" or not from_the_start:
        return
    with transaction.atomic():
        Package.objects.filter(pk=package.pk).update(**increase(downloads=1, bytes_served=package.size))
        downloaded = events.PackageDownloaded(**wanted.event_facts(), size=package.size)
        events.announce(downloaded, on_commit=transaction.on_commit)
