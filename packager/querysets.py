"""Every question asked of the tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, Sum
from django.utils import timezone

if TYPE_CHECKING:
    from packager.security.api_keys import ApiKey

#: A delivery that is being sent for longer than this lost its worker.
SENDER_LOST_AFTER = timedelta(minutes=10)


#: A cluster that was not seen for this long is gone. Three signs of life fit in.
CLUSTER_LOST_AFTER = timedelta(seconds=16)


#: A CKAN key came with the request and is erased by now, as ``PackageRequest.key_gone`` says of one.
KEY_GONE = Q(key_used=True, encrypted_key="")


class ClusterQuerySet(models.QuerySet[Any]):
    """Questions about clusters."""

    def alive(self) -> ClusterQuerySet:
        """Those that gave a sign of life lately."""
        return self.filter(seen_at__gt=timezone.now() - CLUSTER_LOST_AFTER)


class PackageQuerySet(models.QuerySet[Any]):
    """Questions about packages."""

    def kept(self) -> PackageQuerySet:
        """Those whose bytes are in the store."""
        return self.filter(deleted_at=None)

    def fresh(self, fingerprint: str) -> PackageQuerySet:
        """Kept packages of this content that are young enough to be handed out again, newest first."""
        now = timezone.now()
        born_after = now - timedelta(seconds=settings.PACKAGER_CACHE_TIME)
        return self.kept().filter(fingerprint=fingerprint, created_at__gt=born_after, expires_at__gt=now)

    def missing(self) -> PackageQuerySet:
        """Kept packages whose files are known to be missing from the store."""
        return self.kept().filter(missing_since__isnull=False)

    def total_size(self) -> int:
        """The bytes of the kept ones."""
        return self.kept().aggregate(size=Sum("size", default=0))["size"]

    def expired(self) -> PackageQuerySet:
        """Kept packages whose time is over."""
        return self.kept().filter(expires_at__lte=timezone.now())


class ChangeQuerySet(models.QuerySet[Any]):
    """Questions about the changes of resources."""

    def versions(self, about: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """How many changes are known of each resource.

        Args:
            about: pairs of resource and host of its data portal; with an empty host the changes at all of them count.
        """
        wanted = set(about)
        counted: dict[str, dict[str, int]] = defaultdict(dict)
        rows = self.filter(resource_id__in={resource_id for resource_id, _ in wanted})
        for resource_id, host, number in rows.values_list("resource_id", "ckan_host", "number"):
            counted[resource_id][host] = number
        return {
            (name, host): sum(number for at, number in counted[name].items() if not host or at in ("", host))
            for name, host in wanted
        }


class RequestQuerySet(models.QuerySet[Any]):
    """Questions about requests."""

    def under_way(self) -> RequestQuerySet:
        """Queued or running."""
        return self.filter(status__in=["queued", "running"])

    def of(self, api_key: ApiKey) -> RequestQuerySet:
        """Those that this key may see: its own, or with ``requests:all`` everybody's."""
        return self.all() if api_key.allows("requests:all") else self.filter(api_key=api_key)

    def leading(self) -> RequestQuerySet:
        """Those that are, or would be, built themselves."""
        return self.filter(leader=None)

    def building(self, *fingerprints: str) -> RequestQuerySet:
        """Those under way that build one of these contents, and that others can join. At most one for each."""
        return self.under_way().leading().filter(fingerprint__in=fingerprints)

    def stale(self) -> RequestQuerySet:
        """Running ones whose heartbeat stopped."""
        limit = timezone.now() - timedelta(seconds=settings.PACKAGER_STALE_AFTER)
        return self.filter(status="running", heartbeat_at__lt=limit)

    def waiting(self, queue: str) -> RequestQuerySet:
        """Those that a worker of this queue may begin, the oldest first."""
        return self.leading().filter(status="queued", queue=queue).order_by("queued_at", "pk")

    def stranded(self) -> RequestQuerySet:
        """Queued followers of a request that is no longer under way."""
        return self.filter(status="queued", leader__isnull=False).exclude(leader__status__in=["queued", "running"])

    def with_old_keys(self) -> RequestQuerySet:
        """Over for as long as a package is kept, and still with the requester's key."""
        limit = timezone.now() - timedelta(days=settings.PACKAGER_EXPIRY_DAYS)
        return self.filter(finished_at__lt=limit).exclude(encrypted_key="").exclude(status__in=["queued", "running"])

    def failed(self, **filters: Any) -> RequestQuerySet:
        """Failed ones."""
        return self.filter(status="failed", **filters)


class DeliveryQuerySet(models.QuerySet[Any]):
    """Questions about deliveries."""

    def due(self) -> DeliveryQuerySet:
        """Waiting ones whose time has come, and those whose sender died, for the clusters to send.

        What is told of a request goes out in order: while one is not over, the next to the same address waits.
        """
        now = timezone.now()
        lost = Q(state="sending", claimed_at__lt=now - SENDER_LOST_AFTER)
        same: dict[str, Any] = {name: OuterRef(name) for name in ("request", "channel", "address")}
        before = self.model._default_manager.filter(**same, pk__lt=OuterRef("pk"), state__in=["pending", "sending"])
        return self.filter(Q(state="pending", next_attempt_at__lte=now) | lost, ~Exists(before), message__isnull=True)

    def failing(self) -> DeliveryQuerySet:
        """Those whose last attempt failed, and that are tried again."""
        return self.filter(state="pending", message__isnull=True).exclude(error_code__in=["", "delivery_postponed"])

    def given_up_since(self, moment: datetime) -> DeliveryQuerySet:
        """Those whose last attempt was due after ``moment``, and that are not tried again."""
        return self.filter(state="failed", next_attempt_at__gte=moment)

    def together_with(self, delivery: Any) -> DeliveryQuerySet:
        """Due ones that wait to be told in one message with this one."""
        return self.due().filter(together=True, channel=delivery.channel, address=delivery.address)

    def outbox(self, channel: str) -> DeliveryQuerySet:
        """Messages of ``channel`` that are not sent yet, oldest first."""
        return self.filter(channel=channel, state="pending", message__isnull=False).order_by("pk")


class ErrorQuerySet(models.QuerySet[Any]):
    """Questions about failures."""

    def of(self, api_key: ApiKey) -> ErrorQuerySet:
        """Those that this key may see: of its own requests, or with ``requests:all`` of everybody's."""
        return self.all() if api_key.allows("requests:all") else self.filter(request__api_key=api_key)

    def by_cause(self) -> models.QuerySet[Any, dict[str, Any]]:
        """One entry for each ``code``, the most frequent first: ``count``, how many of them are ``unresolved``, the
        ``first`` and ``last`` time, and how many ``resources`` it befell."""
        return (
            self.order_by()
            .values("code")
            .annotate(
                count=Count("pk"),
                unresolved=Count("pk", filter=Q(resolved_at=None)),
                first=Min("at"),
                last=Max("at"),
                resources=Count("resource_id", distinct=True),
            )
            .order_by("-count", "code")
        )

    def of_cause(self, code: str) -> ErrorQuerySet:
        """Those with this code that nobody has resolved."""
        return self.filter(code=code, resolved_at=None)
