"""The front door: everything that may be asked of the portal comes through here.

API, admin, commands and plugins call these functions and nothing deeper.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from packager import events
from packager.delivery import deliveries
from packager.errors import Conflict
from packager.intake import acceptance, routing
from packager.intake.idempotency import Owner
from packager.lifecycle import bulk, changes, dispatch, failures, transitions
from packager.lifecycle.cache import fresh_package
from packager.lifecycle.operations import NEWS as NEWS
from packager.lifecycle.operations import RETRYABLE as RETRYABLE
from packager.lifecycle.operations import Cancel, Rebuild, Resend, Retry
from packager.models import Delivery, Package, PackageError, PackageRequest, Queue, StandingOrder, Status
from packager.submission import Submission, from_request
from packager.titles import public_titles


def submit(
    submission: Submission,
    *,
    ignore_cache: bool = False,
    owner: Owner | None = None,
    order: StandingOrder | None = None,
) -> PackageRequest:
    """Save a request and see to it that it is built, joined to the same work under way, or served from the cache.

    Args:
        submission: what is asked for.
        ignore_cache: build anew even if a fresh package is there.
        owner: whose request it is; the same call, made again, gives the request that it made before.
        order: the standing order for which it is made.

    Raises:
        RequestError: what cannot be accepted; names the field.
        IdempotencyMismatch: the owner made this call before with another body.
    """
    return save(prepare(submission, owner=owner, order=order), ignore_cache=ignore_cache, owner=owner)


def prepare(
    submission: Submission, *, owner: Owner | None = None, order: StandingOrder | None = None
) -> PackageRequest:
    """The first half of ``submit``, which only reads: for who must not hold up other writers meanwhile.

    Returns a request to be given to ``save``; or, if the owner made this call before, the one that it made.
    """
    if before := owner and owner.earlier():
        return before
    if owner:
        submission = replace(submission, owner=owner.api_key.pk)
    submission = changes.current(acceptance.check(submission))
    now, of_owner = timezone.now(), owner.fields if owner else {}
    # the data portal is not asked here: the fast cluster does that, and hands over to the slow one what is large
    place = {"queue": Queue.FAST, "created_at": now, "queued_at": now}
    request = PackageRequest(**submission.columns, **of_owner, standing_order=order, **place)
    # what may be said of it before anybody was asked
    request.titles = public_titles(submission.ckan_host, submission.resource_id)
    # who may not have the package any more is served, or refused, as if there were none
    request.cached = fresh_package(submission.fingerprint) is not None and routing.still_allowed(submission)
    return request


def save(request: PackageRequest, *, ignore_cache: bool = False, owner: Owner | None = None) -> PackageRequest:
    """The second half of ``submit``: what ``prepare`` gave is saved, and built, joined or served."""
    if not request._state.adding:
        return request
    try:
        with transaction.atomic():
            return _save(request, ignore_cache)
    except IntegrityError:
        # the same call is being answered a second time, at this moment
        if before := owner and owner.earlier():
            return before
        raise


def _save(request: PackageRequest, ignore_cache: bool) -> PackageRequest:
    package = fresh_package(request.fingerprint) if request.cached and not ignore_cache else None
    if package:
        return _serve(request, package)
    request.cached = False
    if _join(request):
        return _accept(request, "joined a build that is under way")
    try:
        with transaction.atomic():
            request.save(force_insert=True)
    except IntegrityError:
        # somebody asked for the same a moment ago; join them
        if not _join(request):
            raise
    else:
        dispatch.enqueue([request])
    return _accept(request, "")


def _join(request: PackageRequest) -> bool:
    # locked, so that the build cannot finish between this look and the commit
    leader = PackageRequest.objects.building(request.fingerprint).select_for_update().first()
    if leader is None:
        return False
    request.leader, request.queue, request.titles = leader, leader.queue, leader.titles
    request.save(force_insert=True)
    return True


def _accept(request: PackageRequest, note: str) -> PackageRequest:
    transitions.write_history(request.pk, "", request.status, note=note)
    accepted = events.RequestAccepted(**request.event_facts(), queue=request.queue, cached=request.cached)
    events.announce(accepted, on_commit=transaction.on_commit)
    return request


def _serve(request: PackageRequest, package: Package) -> PackageRequest:
    request.status, request.package, request.cached = Status.SUCCEEDED, package, True
    request.finished_at, request.rows_done, request.encrypted_key = request.created_at, package.rows or 0, ""
    # whoever gets the package may read what the one who had it built could read
    request.titles = package.titles or request.titles
    request.save(force_insert=True)
    _accept(request, "a fresh package was there already")
    announce_served([request], package)
    return request


def announce_served(
    served: Sequence[PackageRequest],
    package: Package,
    *before: events.AnyEvent,
    on_commit: Callable[[Callable[[], None]], None] = transaction.on_commit,
) -> None:
    """What follows when a package is there: the requesters and the listeners are told, and errors are resolved.

    To be called inside the transaction; ``on_commit`` has a function called after it. ``before`` is what happened
    before that.
    """
    failures.resolve(PackageError.objects.filter(request__in=served), None, failures.SUCCEEDED_LATER)
    deliveries.announce([(request, Delivery.Subject.READY) for request in served])
    facts: dict[str, Any] = {"rows": package.rows, "size": package.size}
    told = (events.RequestServed(**request.event_facts(), **facts, cached=request.cached) for request in served)
    events.announce(*before, *told, on_commit=on_commit)


def cancel(request_id: UUID, *, actor: str = "requester", tell: bool = False) -> PackageRequest:
    """Cancel a request that is queued or running. Those who joined it go on, one of them leading.

    Args:
        request_id: which.
        actor: who wants it, for the history.
        tell: send the requester a mail; to be set where somebody else did it, for who did it knows.

    Raises:
        Conflict: it is not under way any more.
    """
    return bulk.one(Cancel(actor, tell), request_id)


def retry(request_id: UUID, *, actor: str = "requester") -> PackageRequest:
    """Queue a failed, cancelled or expired request again; if the same is under way, it joins that.

    Raises:
        Conflict: it is in no state to be retried, or needs a CKAN key that is no longer kept.
    """
    return bulk.one(Retry(actor), request_id)


def resend(request_id: UUID) -> PackageRequest:
    """Send the requester the mail about the end of the request again.

    Raises:
        Conflict: there is no news, or no address.
    """
    return bulk.one(Resend(), request_id)


def rebuild(request_id: UUID) -> PackageRequest:
    """Ask for the same as this request did, as a new request that does not look into the cache. Returns that.

    Raises:
        Conflict: the request came with a key of CKAN, which is kept no longer than it is needed.
        RequestError: the request would not be accepted any more.
    """
    request = PackageRequest.objects.get(pk=request_id)
    if reason := Rebuild().refusal(request):
        raise Conflict(reason)
    return submit(from_request(request), ignore_cache=True)
