"""The clusters: what they are called, which of them run, and whom they served."""

from __future__ import annotations

from django.db import models

from packager import querysets


class Queue(models.TextChoices):
    """What builds wait in; each has a cluster of its name."""

    FAST = "fast"
    SLOW = "slow"


#: The cluster of deliveries and schedules.
MAIL = "mail"


class Cluster(models.Model):
    """A running cluster: it renews ``seen_at`` while it lives, and goes when it stops.

    ``wedged_since``: a task has been due since then, and none of its idle workers takes it.
    """

    queue = models.CharField(max_length=10, choices=[*Queue.choices, (MAIL, "Mail")])
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    workers = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    wedged_since = models.DateTimeField(null=True, blank=True)

    objects = querysets.ClusterQuerySet.as_manager()

    class Meta:
        ordering = ("queue", "host", "pid")

    def __str__(self) -> str:
        return f"{self.queue} on {self.host}"


class Turn(models.Model):
    """When a request of somebody was last begun in a queue in which others waited. ``request`` tells who it was."""

    queue = models.CharField(max_length=10, choices=Queue)
    request = models.ForeignKey("PackageRequest", on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["queue", "at"], name="turn_latest"),)

    def __str__(self) -> str:
        return f"{self.queue} at {self.at:%H:%M:%S}"
