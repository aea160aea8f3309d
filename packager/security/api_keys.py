"""Who may use the API: its keys and their scopes.

A key is long and random, so that a plain SHA-256 is enough to keep it by.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from packager.security import encryption

#: What every API key starts with, so that a leaked one is recognised by people and by scanners.
KEY_PREFIX = "pp_"
#: As much of a key as is kept in clear, to tell keys apart.
SHOWN = 10
#: ``last_used_at`` is not renewed more often than this.
USE_NOTED_EVERY = timedelta(minutes=1)


class Scope(models.TextChoices):
    """What a key may be allowed."""

    WRITE = "requests:write", "Create, cancel and retry requests"
    READ = "requests:read", "See its own requests"
    ALL = "requests:all", "See, cancel and retry everybody's requests"
    ERRORS = "errors:read", "See failures"
    STATISTICS = "statistics:read", "See statistics"
    CHANGES = "changes:write", "Report changed resources"


#: What a key gets that is made for somebody's own packages.
USUAL_SCOPES = (Scope.WRITE, Scope.READ, Scope.ERRORS)


def digest(secret: str) -> str:
    """By what a key or secret is kept: its SHA-256 in hexadecimal digits."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiKey(models.Model):
    """A key of ``/api/v1/``. The key itself is not kept; the secret that signs its webhooks is, encrypted."""

    name = models.CharField(max_length=100, help_text="who uses it, and for what")
    prefix = models.CharField(max_length=20, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    encrypted_webhook_secret = models.TextField(editable=False)
    scopes = models.JSONField(default=list)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ("-created_at",)
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def allows(self, scope: str) -> bool:
        """Whether the key has ``scope``."""
        return scope in self.scopes

    @property
    def webhook_secret(self) -> str:
        """What signs the webhooks of this key; empty if no SECRET_KEY that is still known encrypted it."""
        return encryption.decrypt(self.encrypted_webhook_secret) or ""


@dataclass(frozen=True, slots=True)
class Issued:
    """A new key, and its two secrets, which nobody sees again."""

    api_key: ApiKey
    text: str = field(repr=False)
    webhook_secret: str = field(repr=False)


def issue(name: str, scopes: Iterable[str] = USUAL_SCOPES, created_by: Any = None) -> Issued:
    """Make a key called ``name`` with ``scopes`` (see ``Scope``). ``created_by`` is a user, if one did it."""
    return issue_unsaved(ApiKey(name=name, scopes=[str(scope) for scope in scopes], created_by=created_by))


def issue_unsaved(api_key: ApiKey) -> Issued:
    """Give a key that is not saved yet its secrets, and save it."""
    text = KEY_PREFIX + secrets.token_urlsafe(32)
    webhook_secret = "whsec_" + secrets.token_urlsafe(32)
    api_key.prefix, api_key.digest = text[:SHOWN], digest(text)
    api_key.encrypted_webhook_secret = encryption.encrypt(webhook_secret)
    api_key.save()
    return Issued(api_key, text, webhook_secret)


def authenticate(text: str) -> ApiKey | None:
    """The key that is in force and reads ``text``; notes that it was used. None if there is none."""
    api_key = ApiKey.objects.filter(digest=digest(text), revoked_at=None).first()
    if api_key is not None:
        now = timezone.now()
        long_ago = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
        ApiKey.objects.filter(long_ago, pk=api_key.pk).update(last_used_at=now)
    return api_key


def revoke(api_keys: models.QuerySet[ApiKey]) -> int:
    """Take keys out of force for good. Returns how many were in force."""
    return api_keys.filter(revoked_at=None).update(revoked_at=timezone.now())
