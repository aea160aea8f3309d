"""The front door: everything that may be asked of the portal comes through here.

API, admin, commands and plugins call these functions and nothing deeper.
"""

from __future__ import annotations

import logging
from functools import partial
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.tasks import async_task

from packager import events
from packager.delivery import deliveries
from packager.errors import Conflict, StoreError
from packager.intake import acceptance, routing
from packager.intake.idempotency import Owner
from packager.lifecycle import transitions
from packager.models import Delivery, Package, PackageRequest, Status
from packager.storage import filesystem
from packager.submission import Submission, from_request

log = logging.getLogger(__name__)

#: From these states a request can be queued again.
RETRYABLE = (Status.FAILED, Status.CANCELLED, Status.EXPIRED)
#: What the requester is told in these states.
NEWS: dict[str, str] = {Status.SUCCEEDED: Delivery.Subject.READY, Status.FAILED: Delivery.Subject.FAILED}


def submit(submission: Submission, *, ignore_cache: bool = False, owner: Owner | None = None) -> PackageRequest:
    """Save a request and see to it that it is built, joined to the same work under way, or served from the cache.

    Args:
        submission: what is asked for.
        ignore_cache: build anew even if a fresh package is there.
        owner: whose request it is; the same call, made again, gives the request that it made before.

    Raises:
        RequestError: what cannot be accepted; names the field.
        IdempotencyMismatch: the owner made this call before with another body.
    """
    if before := owner and owner.earlier():
        return before
    submission = acceptance.check(submission)
    cached = not ignore_cache and fresh_package(submission.fingerprint) is not None
    queue = routing.queue_for(submission, partial(routing.rows_to_fetch, submission), cached=cached)
    try:
        with transaction.atomic():
            return _save(_new(submission, queue, owner), ignore_cache)
    except IntegrityError:
        # the same call is being answered a second time, at this moment
        if before := owner and owner.earlier():
            return before
        raise


def fresh_package(fingerprint: str) -> Package | None:
    """A package of this content that is young enough to be handed out, and is really there."""
    store = filesystem.default()
    return next((p for p in Package.objects.fresh(fingerprint)[:3] if store.has(p.stored_as)), None)


def _save(request: PackageRequest, ignore_cache: bool) -> PackageRequest:
    package = None if ignore_cache else fresh_package(request.fingerprint)
    if package:
        return _serve(request, package)
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
        enqueue(request)
    return _accept(request, "")


def _new(submission: Submission, queue: str, owner: Owner | None) -> PackageRequest:
    now, of_owner = timezone.now(), owner.fields if owner else {}
    return PackageRequest(**submission.columns, **of_owner, queue=queue, created_at=now, queued_at=now)


def _join(request: PackageRequest) -> bool:
    # locked, so that the build cannot finish between this look and the commit
    leader = PackageRequest.objects.building(request.fingerprint).select_for_update().first()
    if leader is None:
        return False
    request.leader, request.queue = leader, leader.queue
    request.save(force_insert=True)
    return True


def _accept(request: PackageRequest, note: str) -> PackageRequest:
    transitions.write_history(request.pk, "", request.status, note=note)
    accepted = events.RequestAccepted(**request.event_facts(), queue=request.queue, cached=request.cached)
    transaction.on_commit(partial(events.publish, accepted))
    return request


def _serve(request: PackageRequest, package: Package) -> PackageRequest:
    request.status, request.package, request.cached = Status.SUCCEEDED, package, True
    request.finished_at, request.rows_done, request.encrypted_key = request.created_at, package.rows or 0, ""
    request.save(force_insert=True)
    _accept(request, "a fresh package was there already")
    announce_served(request, package)
    return request


def announce_served(request: PackageRequest, package: Package) -> None:
    """Tell the requester and the listeners that a package is there. To be called inside the transaction."""
    deliveries.announce(request, Delivery.Subject.READY)
    served = events.RequestServed(**request.event_facts(), rows=package.rows, size=package.size, cached=request.cached)
    transaction.on_commit(partial(events.publish, served))


def enqueue(request: PackageRequest) -> None:
    """Hand the build to the cluster once the transaction is committed."""
    transaction.on_commit(partial(hand_over, str(request.pk), request.queue))


def enqueue_many(rows: list[PackageRequest]) -> None:
    """Hand many builds over, by way of one task: a cluster takes its time for each, a web request has none."""
    ids = [(str(row.pk), row.queue) for row in rows]
    if ids:
        transaction.on_commit(partial(async_task, "packager.tasks.hand_over", ids, cluster="fast"))


def hand_over(request_id: str, queue: str) -> None:
    """Hand one build to its cluster now. A broker that is away is logged, not raised."""
    try:
        async_task("packager.tasks.build_package", request_id, cluster=queue)
    except Exception:  # whatever the broker's client raises
        # the request is saved; `requeue_stale` hands it over again when the broker is back
        log.exception("request %s could not be handed to the queue %s", request_id, queue)


def cancel(request_id: UUID, *, actor: str = "requester", tell: bool = False) -> PackageRequest:
    """Cancel a request that is queued or running. Those who joined it go on, one of them leading.

    Args:
        request_id: which.
        actor: who wants it, for the history.
        tell: send the requester a mail; to be set where somebody else did it, for who did it knows.

    Raises:
        Conflict: it is not under way any more.
    """
    with transaction.atomic():
        if not transitions.cancel(request_id, actor):
            raise Conflict("Only a request that is queued or running can be cancelled")
        request = PackageRequest.objects.get(pk=request_id)
        promote_followers(request)
        deliveries.announce(request, Delivery.Subject.CANCELLED, by_mail=tell)
        cancelled = events.RequestCancelled(**request.event_facts())
        transaction.on_commit(partial(events.publish, cancelled))
    return request


def promote_followers(former: PackageRequest) -> None:
    """Those who joined a request that was given up join whoever does the same work now, or one of them leads."""
    followers = PackageRequest.objects.filter(leader=former, status=Status.QUEUED).order_by("created_at")
    leader = PackageRequest.objects.building(former.fingerprint).first()
    if leader is None and (first := followers.first()) and transitions.promote(first.pk):
        leader = first
        enqueue(first)
    followers.update(leader=leader)


def retry(request_id: UUID, *, actor: str = "requester") -> PackageRequest:
    """Queue a failed, cancelled or expired request again; if the same is under way, it joins that.

    Raises:
        Conflict: it is in no state to be retried, or needs a CKAN key that is no longer kept.
    """
    request = PackageRequest.objects.get(pk=request_id)
    if request.status not in RETRYABLE:
        raise Conflict("Only a request that failed, was cancelled or has expired can be tried again")
    if request.key_gone:
        raise Conflict("The key that this request needs is no longer kept; ask for the data again at the data portal")
    try:
        with transaction.atomic():
            return _queue_again(request, actor)
    except IntegrityError:
        # somebody asked for the same a moment ago; the second look finds them
        with transaction.atomic():
            return _queue_again(request, actor)


def _queue_again(request: PackageRequest, actor: str) -> PackageRequest:
    leader = PackageRequest.objects.building(request.fingerprint).first()
    if not transitions.requeue(request.pk, request.status, actor, "tried again", worker_failures=0, leader=leader):
        raise Conflict("The request has changed its state in the meantime")
    request.refresh_from_db()
    if leader is None:
        enqueue(request)
    return request


def resend(request_id: UUID) -> Delivery:
    """Send the requester the mail about the end of the request again.

    Raises:
        Conflict: there is no news, or no address.
    """
    request = PackageRequest.objects.get(pk=request_id)
    if request.status not in NEWS or "@" not in request.email:
        raise Conflict("There is no mail that could be sent again")
    with transaction.atomic():
        return deliveries.queue(request, "email", NEWS[request.status], request.email)


def rebuild(request_id: UUID) -> PackageRequest:
    """Ask for the same as this request did, as a new request that does not look into the cache. Returns that.

    Raises:
        Conflict: the request came with a key of CKAN, which is kept no longer than it is needed.
        RequestError: the request would not be accepted any more.
    """
    request = PackageRequest.objects.get(pk=request_id)
    if request.key_gone:
        raise Conflict("The key that this request needs is no longer kept; ask for the data again at the data portal")
    return submit(from_request(request), ignore_cache=True)


def expire(package: Package) -> None:
    """Delete a package's file and say so wherever it was offered.

    The file goes first: if this is interrupted, doing it again finishes it.

    Raises:
        StoreError: the file could not be deleted.
    """
    filesystem.default().delete(package.stored_as)
    with transaction.atomic():
        Package.objects.kept().filter(pk=package.pk).update(deleted_at=timezone.now())
        for request_id in package.requests.filter(status=Status.SUCCEEDED).values_list("pk", flat=True):
            transitions.expire(request_id)


def expire_all(packages: list[Package]) -> int:
    """Expire each of ``packages``; one that cannot be deleted is logged and left. Returns how many went."""
    gone = 0
    for package in packages:
        try:
            expire(package)
            gone += 1
        except StoreError:
            log.exception("package %s could not be deleted", package.pk)
    return gone


def queue_length(queue: str) -> int:
    """How many tasks wait in the broker for this cluster."""
    return int(get_broker(queue).queue_size())
