"""The tables: jobs and their log lines. Nothing here changes a state; ``lifecycle`` does."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.db import models
from django.db.models import Q

from packager.titles import Titles, label
from pusher.querysets import JobQuerySet


class State(models.TextChoices):
    """The states of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNDER_WAY = (State.QUEUED, State.RUNNING)
ENDED = (State.SUCCEEDED, State.FAILED, State.CANCELLED)


class Hook(models.TextChoices):
    """Whether CKAN knows how the job ended."""

    NONE = "none", "Not needed"
    PENDING = "pending", "To be notified"
    TOLD = "told", "Notified"
    GIVEN_UP = "given_up", "Could not be notified"


class PushJob(models.Model):
    """CKAN asked for a resource to be loaded into its DataStore.

    ``attempt`` counts claims and fences: only the worker that holds the current number may write and finish.
    ``encrypted_api_key`` and ``encrypted_job_key`` are erased when CKAN has heard how it ended; by ``job_key_digest``
    whoever holds the job's key is known afterwards.
    """

    job_id = models.CharField(max_length=255, unique=True)
    job_type = models.CharField(max_length=100)
    job_key_digest = models.CharField(max_length=64, editable=False)
    encrypted_job_key = models.TextField(blank=True, editable=False)
    encrypted_api_key = models.TextField(blank=True, editable=False)
    data = models.JSONField(default=dict, help_text="as it was sent")
    metadata = models.JSONField(default=dict, help_text="as it was sent")
    result_url = models.CharField(max_length=2000, blank=True)
    ckan_host = models.CharField("CKAN host", max_length=255, blank=True)
    resource_id = models.CharField(max_length=255, blank=True)
    title = models.CharField(max_length=500, blank=True, help_text="title of the resource")
    dry_run = models.BooleanField(default=False)
    queue = models.CharField(max_length=10, default="fast")
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempt = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0, help_text="temporary failures so far")
    worker_failures = models.PositiveSmallIntegerField(default=0, help_text="how often a worker died while it ran")
    worker = models.CharField(max_length=255, blank=True)
    step = models.CharField(max_length=30, blank=True, help_text="current step")
    bytes_done = models.BigIntegerField(default=0)
    bytes_total = models.BigIntegerField(null=True, blank=True)
    rows_done = models.BigIntegerField(default=0)
    rows_total = models.BigIntegerField(null=True, blank=True)
    md5 = models.CharField(max_length=32, blank=True)
    rules_digest = models.CharField(
        max_length=64, blank=True, help_text="of the overrides and settings it was read with"
    )
    columns = models.JSONField(default=list, blank=True, help_text="name, type and figures of each column")
    result = models.JSONField(null=True, blank=True, help_text="what the job returned")
    error_code = models.CharField(max_length=40, blank=True)
    error = models.JSONField(null=True, blank=True, help_text="message and further facts, visible to everybody")
    error_detail = models.TextField(blank=True, help_text="for staff")
    error_reference = models.CharField(max_length=20, blank=True)
    hook = models.CharField("notification of CKAN", max_length=10, choices=Hook, default=Hook.NONE)
    hook_tries = models.PositiveIntegerField(default=0)
    hook_due_at = models.DateTimeField(null=True, blank=True)
    hook_error = models.CharField(max_length=300, blank=True)
    renewed_at = models.DateTimeField(
        null=True, blank=True, help_text="when CKAN was last told that it is still running"
    )
    created_at = models.DateTimeField()
    queued_at = models.DateTimeField()
    not_before = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    writing_since = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = models.Manager.from_queryset(JobQuerySet)()

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name = "push"
        verbose_name_plural = "pushes"
        permissions = (("operate_pushjob", "Can retry, cancel and dry-run pushes"),)
        constraints = (
            models.UniqueConstraint(
                fields=["ckan_host", "resource_id"], condition=Q(state="running"), name="one_push_per_resource"
            ),
        )
        indexes = (
            models.Index(fields=["-created_at"], name="push_newest"),
            models.Index(fields=["state", "-created_at"], name="push_state"),
            models.Index(fields=["resource_id", "-created_at"], name="push_resource"),
            models.Index(fields=["hook", "hook_due_at"], name="push_hook"),
        )

    def __str__(self) -> str:
        return label(Titles(self.title), self.resource_id or self.job_id)

    @property
    def rows_per_second(self) -> float | None:
        """From the first row that was written to the last report, or to the end."""
        begin, end = self.writing_since or self.started_at, self.finished_at or self.heartbeat_at
        if not (begin and end and self.rows_done):
            return None
        return self.rows_done / max((end - begin).total_seconds(), 1.0)

    @property
    def seconds_left(self) -> float | None:
        """The time that the rows take which are still to be written; None if none are being written."""
        if self.state != State.RUNNING or not self.writing_since or not (rate := self.rows_per_second):
            return None
        left = (self.rows_total or 0) - self.rows_done
        return left / rate if left > 0 else None

    @property
    def ckan_url(self) -> str:
        """Where CKAN said it is."""
        found = self.metadata.get("ckan_url") if isinstance(self.metadata, dict) else ""
        return found if isinstance(found, str) else ""


class PushLog(models.Model):
    """One line of a job's log: CKAN shows it to everybody."""

    job = models.ForeignKey(PushJob, on_delete=models.CASCADE, related_name="logs")
    at = models.DateTimeField()
    level = models.CharField(max_length=10, default="INFO")
    message = models.TextField()
    module = models.CharField(max_length=50, default="pushing")
    function = models.CharField(max_length=50, default="push")
    line = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("at", "id")

    def __str__(self) -> str:
        return self.message


def host_of(url: Any) -> str:
    """``host`` or ``host:port`` of an address; empty if it is none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower() if isinstance(url, str) else ""
    except ValueError:
        return ""
