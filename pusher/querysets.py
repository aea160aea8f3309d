"""Every question asked of the jobs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Avg, Count, Max, Q, Sum
from django.utils import timezone


class JobQuerySet(models.QuerySet[Any]):
    """Jobs."""

    def of(self, job: Any) -> JobQuerySet:
        """The jobs of the same resource."""
        return self.filter(ckan_host=job.ckan_host, resource_id=job.resource_id)

    def stale(self) -> JobQuerySet:
        """Running, but their worker gave no sign of life for PACKAGER_STALE_AFTER seconds."""
        silent_since = timezone.now() - timedelta(seconds=settings.PACKAGER_STALE_AFTER)
        return self.filter(state="running", heartbeat_at__lt=silent_since)

    def due(self) -> JobQuerySet:
        """Queued, and free to begin as far as time is concerned."""
        return self.filter(state="queued").filter(Q(not_before=None) | Q(not_before__lte=timezone.now()))

    def ready(self) -> JobQuerySet:
        """Due, with no other job of their resource in the way."""
        running = self.model._default_manager.filter(
            state="running", ckan_host=models.OuterRef("ckan_host"), resource_id=models.OuterRef("resource_id")
        )
        return self.due().filter(~models.Exists(running))

    def to_tell(self) -> JobQuerySet:
        """Ended, and CKAN has not heard of it yet."""
        return self.filter(hook="pending", hook_due_at__lte=timezone.now())

    def to_renew(self) -> JobQuerySet:
        """Under way for so long that CKAN would take them for stale."""
        since = timezone.now() - timedelta(seconds=settings.PUSHER_HEARTBEAT)
        told = Q(renewed_at__lt=since) | Q(renewed_at=None, created_at__lt=since)
        return self.filter(told, state__in=["queued", "running"]).exclude(result_url="").exclude(encrypted_api_key="")

    def ended_before(self, days: float) -> JobQuerySet:
        """Ended more than ``days`` days ago, CKAN told."""
        ended = self.filter(state__in=["succeeded", "failed", "cancelled"]).exclude(hook="pending")
        return ended.filter(finished_at__lt=timezone.now() - timedelta(days=days))

    def latest_ended(self) -> Any:
        """The one that ended last, if there is one."""
        return self.order_by("-finished_at", "-pk").first()

    def by_site(self) -> Any:
        """Figures for each CKAN site, the last that pushed first."""
        return self._figures("ckan_host")

    def by_resource(self) -> Any:
        """Figures for each resource, the last pushed first."""
        return self._figures("ckan_host", "resource_id").annotate(name=Max("title"))

    def _figures(self, *by: str) -> Any:
        took = models.F("finished_at") - models.F("started_at")
        return (
            self.filter(dry_run=False)
            .order_by()
            .values(*by)
            .annotate(
                pushes=Count("pk"),
                good=Count("pk", filter=Q(state="succeeded")),
                bad=Count("pk", filter=Q(state="failed")),
                rows=Sum("rows_done", filter=Q(state="succeeded")),
                seconds=Avg(models.ExpressionWrapper(took, models.DurationField()), filter=Q(state="succeeded")),
                last=Max("created_at"),
            )
            .order_by("-last")
        )
