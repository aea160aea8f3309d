"""The tables: who asked over AMQP and how they are answered, and which gateways run."""

from __future__ import annotations

from django.db import models

from packager.models import PackageRequest


class Conversation(models.Model):
    """A request that came over AMQP, by its UUID, for ever.

    ``digest`` tells bodies apart. ``reply`` is where answers go: exchange, routing key, correlation id. ``latest`` is
    the last response, which ``status`` gives again. ``named_tuple``: the sender wants ``__nt_name`` in answers.
    """

    uuid = models.CharField(max_length=255, unique=True)
    digest = models.CharField(max_length=64)
    request = models.ForeignKey(PackageRequest, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    reply = models.JSONField(default=dict)
    named_tuple = models.BooleanField(default=False)
    latest = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.uuid


class Gateway(models.Model):
    """A running gateway: it renews ``seen_at`` while it lives, and goes when it stops."""

    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    connected = models.BooleanField(default=False)
    since = models.DateTimeField(help_text="when it connected, or lost the connection")
    blocked_since = models.DateTimeField(
        null=True, blank=True, help_text="when RabbitMQ, though connected, began to take no messages"
    )
    received = models.PositiveBigIntegerField(default=0)
    sent = models.PositiveBigIntegerField(default=0)
    dead = models.PositiveBigIntegerField(default=0, help_text="dead letters")

    class Meta:
        ordering = ("host", "pid")

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"


class Lease(models.Model):
    """What only one gateway at a time may do, who does it, and until when if nothing more is heard of it."""

    name = models.CharField(max_length=30, primary_key=True)
    holder = models.CharField(max_length=255)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.holder}"
