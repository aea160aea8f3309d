"""The tables: what was asked, what was built, what went wrong, what was sent.

Nothing here changes a state; ``transitions.py`` does that.
"""

from __future__ import annotations

import secrets
import uuid
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from packager import querysets
from packager.clusters import MAIL as MAIL
from packager.clusters import Cluster as Cluster
from packager.clusters import Queue as Queue
from packager.clusters import Turn as Turn
from packager.receivers import Receiver as Receiver
from packager.security.api_keys import ApiKey
from packager.security.sites import CkanSite as CkanSite  # models that live elsewhere are found here
from packager.security.throttles import Throttle as Throttle
from packager.standing_order import StandingOrder as StandingOrder
from packager.titles import Titled


def new_token() -> str:
    """An unguessable name for a link: 32 random bytes, URL safe."""
    return secrets.token_urlsafe(32)


def new_reference() -> str:
    """A short name for a failure that a person can read out: ``PP-`` and eight letters and digits."""
    alphabet = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
    return "PP-" + "".join(secrets.choice(alphabet) for _ in range(8))


class Status(models.TextChoices):
    """The states of a request."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


UNDER_WAY = (Status.QUEUED, Status.RUNNING)


class Kind(models.TextChoices):
    """What is packaged."""

    DATASTORE = "datastore", "Table"
    URL = "url", "File"


class Package(Titled):
    """A finished archive in the store. ``rows`` is empty for a file; ``deleted_at`` says that the bytes are gone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    fingerprint = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=100, unique=True)
    file_name = models.CharField(max_length=255)
    resource_id = models.CharField(max_length=255)
    format = models.CharField(max_length=30)
    size = models.BigIntegerField(help_text="bytes")
    rows = models.BigIntegerField(null=True, blank=True)
    sha256 = models.CharField(max_length=64)
    data_sha256 = models.CharField(max_length=64, blank=True, help_text="of the data alone")
    members = models.JSONField(default=list, help_text="names and sizes of the files inside")
    notes = models.JSONField(default=list, help_text="completeness notes, as codes and parameters")
    build_seconds = models.FloatField(default=0)
    downloads = models.PositiveIntegerField(default=0)
    bytes_served = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)
    missing_since = models.DateTimeField(
        null=True, blank=True, help_text="when its file was found to be missing from the store"
    )

    objects = querysets.PackageQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=["fingerprint", "created_at"], name="package_fingerprint"),
            models.Index(fields=["expires_at"], condition=Q(deleted_at=None), name="package_expiry"),
            models.Index(fields=["-created_at"], name="package_newest"),
        )

    def __str__(self) -> str:
        return self.file_name


class PackageRequest(Titled):
    """Somebody asked for a package.

    ``attempt`` counts claims and fences: only the worker that holds the current number may finish the build.
    ``leader`` is the request whose build this one waits for. ``encrypted_key`` is the CKAN key, which is erased on
    success; ``key_used`` remembers that there was one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    token = models.CharField(max_length=43, unique=True, default=new_token, editable=False)
    kind = models.CharField(max_length=10, choices=Kind)
    resource_id = models.CharField(max_length=255)
    ckan_host = models.CharField(max_length=255, blank=True)
    api_url = models.CharField(max_length=2000, blank=True)
    resource_url = models.CharField(max_length=2000, blank=True)
    parameters = models.JSONField(default=dict, help_text="parameters of datastore_search")
    format = models.CharField(max_length=30)
    options = models.JSONField(default=dict, blank=True)
    email = models.CharField(max_length=320, blank=True)
    doi = models.CharField(max_length=255, blank=True)
    language = models.CharField(max_length=10, blank=True)
    webhook_url = models.CharField(max_length=2000, blank=True)
    requester = models.CharField(
        max_length=255, blank=True, help_text="the requester's name, as the owner of the API key gives it"
    )
    encrypted_key = models.TextField(blank=True, editable=False)
    key_used = models.BooleanField(default=False, editable=False)
    api_key = models.ForeignKey(ApiKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="requests")
    standing_order = models.ForeignKey(
        StandingOrder, null=True, blank=True, on_delete=models.SET_NULL, related_name="requests", editable=False
    )
    idempotency_key = models.CharField(max_length=255, blank=True, editable=False)
    idempotency_digest = models.CharField(max_length=64, blank=True, editable=False)
    data_version = models.PositiveBigIntegerField(
        default=0, help_text="how many changes to its data were known at that time"
    )
    fingerprint = models.CharField(max_length=64)
    queue = models.CharField(max_length=10, choices=Queue)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    attempt = models.PositiveIntegerField(default=0)
    worker_failures = models.PositiveSmallIntegerField(default=0, help_text="how often a worker died while building it")
    worker = models.CharField(max_length=255, blank=True)
    leader = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="followers")
    package = models.ForeignKey(Package, null=True, blank=True, on_delete=models.SET_NULL, related_name="requests")
    cached = models.BooleanField(default=False, help_text="served from an existing package")
    rows_done = models.BigIntegerField(default=0)
    rows_total = models.BigIntegerField(null=True, blank=True)
    bytes_done = models.BigIntegerField(default=0)
    bytes_total = models.BigIntegerField(null=True, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_params = models.JSONField(default=dict, blank=True)
    error_message = models.CharField(max_length=1000, blank=True)
    error_reference = models.CharField(max_length=20, blank=True)
    created_at = models.DateTimeField()
    queued_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = querysets.RequestQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        verbose_name = "request"
        permissions = (
            ("operate_packagerequest", "Can retry, cancel, rebuild and resend"),
            ("erase_packagerequest", "Can delete personal data"),
            ("see_personal_data", "Can see addresses"),
            ("see_traceback", "Can see tracebacks"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["fingerprint"],
                condition=Q(status__in=["queued", "running"], leader=None),
                name="one_build_per_fingerprint",
            ),
            models.UniqueConstraint(
                fields=["api_key", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="one_request_per_idempotency_key",
            ),
        )
        indexes = (
            models.Index(fields=["-created_at"], name="request_newest"),
            models.Index(fields=["status", "-created_at"], name="request_status"),
            models.Index(fields=["status", "queue", "queued_at"], name="request_queue"),
            models.Index(fields=["resource_id", "-created_at"], name="request_resource"),
            models.Index(fields=["email"], name="request_email"),
            models.Index(fields=["ckan_host", "-created_at"], name="request_host"),
            models.Index(fields=["format", "-created_at"], name="request_format"),
            models.Index(fields=["api_key", "-created_at"], name="request_owner"),
            models.Index(
                fields=["api_key", "requester", "-created_at"], condition=~Q(requester=""), name="request_requester"
            ),
            models.Index(fields=["error_reference"], name="request_reference"),
        )

    def __str__(self) -> str:
        return f"{self.resource_label} ({self.format})" if self.format else self.resource_label

    @property
    def status_url(self) -> str:
        """The requester's page. Absolute."""
        return f"{settings.PUBLIC_URL}/requests/{self.token}/"

    @property
    def download_url(self) -> str:
        """Where the package is, or will be. Absolute; empty while there is none."""
        if self.package is None:
            return ""
        return f"{settings.PUBLIC_URL}/download/{self.token}/{quote(self.package.file_name)}"

    def event_facts(self) -> dict[str, Any]:
        """What every event tells of its request."""
        same = ("resource_id", "ckan_host", "format", "email")
        return {"at": timezone.now(), "request_id": self.pk, **{name: getattr(self, name) for name in same}}

    @property
    def key_gone(self) -> bool:
        """Whether a CKAN key came with it that is erased by now, so that its data cannot be read again."""
        return self.key_used and not self.encrypted_key

    @property
    def package_missing(self) -> bool:
        """Whether it has a package that should be in the store, and is not."""
        package = self.package if self.status == Status.SUCCEEDED else None
        return package is not None and package.missing_since is not None

    @property
    def building(self) -> PackageRequest:
        """The request whose build decides about this one: its leader, or itself."""
        return self.leader or self


class ResourceChange(models.Model):
    """The changes of a resource's data of which the portal was told: how many, and when the last came.

    ``ckan_host`` is empty where nobody said which data portal the resource is in: then all with that id are meant.
    ``facts_digest`` stands for what was last said of the resource itself, so that the same, said again, is no change.
    """

    resource_id = models.CharField(max_length=255)
    ckan_host = models.CharField(max_length=255, blank=True)
    number = models.PositiveBigIntegerField(default=0)
    changed_at = models.DateTimeField()
    source = models.CharField(max_length=150, blank=True, help_text="who reported it")
    facts_digest = models.CharField(max_length=64, blank=True, editable=False)

    objects = querysets.ChangeQuerySet.as_manager()

    class Meta:
        ordering = ("-changed_at",)
        constraints = (
            models.UniqueConstraint(fields=["resource_id", "ckan_host"], name="one_count_of_changes_per_resource"),
        )
        indexes = (models.Index(fields=["-changed_at"], name="change_newest"),)

    def __str__(self) -> str:
        return f"{self.resource_id}: {self.number}"


class RequestHistory(models.Model):
    """One line for each change of state. Never changed, never deleted on its own."""

    request = models.ForeignKey(PackageRequest, on_delete=models.CASCADE, related_name="history")
    at = models.DateTimeField()
    from_status = models.CharField(max_length=10, blank=True)
    to_status = models.CharField(max_length=10, choices=Status)
    attempt = models.PositiveIntegerField(default=0)
    actor = models.CharField(max_length=150, default="portal")
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("at", "id")
        verbose_name_plural = "request history"

    def __str__(self) -> str:
        return f"{self.from_status or 'new'} to {self.to_status}"


class PackageError(models.Model):
    """A failure of a build.

    ``code`` and ``params`` are put into words when the requester reads them; ``message`` is the sentence in English, as
    it was when it was saved. ``detail`` (the traceback) is for staff.
    """

    request = models.ForeignKey(PackageRequest, on_delete=models.CASCADE, related_name="errors")
    reference = models.CharField(max_length=20, unique=True, default=new_reference)
    resource_id = models.CharField(max_length=255)
    attempt = models.PositiveIntegerField()
    code = models.CharField(max_length=40)
    retryable = models.BooleanField()
    params = models.JSONField(default=dict, blank=True)
    message = models.CharField(max_length=1000)
    detail = models.TextField(blank=True)
    at = models.DateTimeField("time")
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    resolved_note = models.CharField(max_length=500, blank=True)

    objects = querysets.ErrorQuerySet.as_manager()

    class Meta:
        ordering = ("-at",)
        verbose_name = "error"
        indexes = (
            models.Index(fields=["-at"], name="error_newest"),
            models.Index(fields=["code", "-at"], name="error_code"),
            models.Index(fields=["resource_id", "-at"], name="error_resource"),
        )

    def __str__(self) -> str:
        return f"{self.reference}: {self.message}"


class Delivery(models.Model):
    """The outbox: what has to reach somebody, saved in the transaction of what it tells, with its own retries.

    A mail or a webhook call about ``request`` is composed when it is sent, by the notifier of its channel. A row with a
    ``message`` goes out as it is, oldest first, by a process that the channel has of its own (``delivery.outbox``).
    """

    class State(models.TextChoices):
        """The states of a delivery."""

        PENDING = "pending"
        SENDING = "sending"
        SENT = "sent"
        FAILED = "failed"
        STOPPED = "stopped", "Not sent: unsubscribed"

    class Subject(models.TextChoices):
        """What it tells."""

        READY = "ready", "The package is ready"
        FAILED = "failed", "The request failed"
        CANCELLED = "cancelled", "The request was cancelled"
        MESSAGE = "message", "A message for other programs"

    request = models.ForeignKey(
        PackageRequest, null=True, blank=True, on_delete=models.CASCADE, related_name="deliveries"
    )
    channel = models.CharField(max_length=30, default="email")
    subject = models.CharField(max_length=20, choices=Subject)
    address = models.CharField(max_length=2000)
    message = models.JSONField(null=True, blank=True, editable=False)
    together = models.BooleanField(default=False, help_text="waits to be combined with others to the same address")
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error = models.CharField(max_length=1000, blank=True)
    created_at = models.DateTimeField()

    objects = querysets.DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        verbose_name_plural = "deliveries"
        indexes = (
            models.Index(fields=["state", "next_attempt_at"], name="delivery_due"),
            models.Index(fields=["-created_at"], name="delivery_newest"),
            models.Index(fields=["address"], name="delivery_address"),
            models.Index(
                fields=["channel", "id"], condition=Q(state="pending", message__isnull=False), name="delivery_outbox"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_subject_display()} ({self.channel})"

    @property
    def about(self) -> PackageRequest:
        """The request that a mail or webhook call is about."""
        assert self.request is not None
        return self.request


class MailStop(models.Model):
    """Somebody wants no mails. ``mark`` is a keyed hash of the address, which itself is not kept."""

    mark = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.mark[:8]


def increase(**amounts: int) -> dict[str, Any]:
    """Arguments for ``update`` that add to counters in the database rather than in memory."""
    return {name: F(name) + amount for name, amount in amounts.items()}
