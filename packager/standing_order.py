"""Standing orders: somebody wants a package built again, whenever its data change or by the clock."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class StandingOrder(models.Model):
    """Build what ``request`` asked for again and again, and tell its requester what is new.

    ``due_at`` is when it is built next; empty while it waits for a change of the data. The requests made for it know it
    as ``standing_order``. ``lifecycle.standing_orders`` changes it.
    """

    class Every(models.TextChoices):
        """When it is built again."""

        CHANGE = "change", _("when the data changes")
        NIGHT = "night", _("every night")
        WEEK = "week", _("every week")
        MONTH = "month", _("every month")

    class State(models.TextChoices):
        """The states of a standing order."""

        ACTIVE = "active"
        PAUSED = "paused"
        ENDED = "ended"

    request = models.OneToOneField("packager.PackageRequest", on_delete=models.CASCADE, related_name="order")
    every = models.CharField("schedule", max_length=10, choices=Every)
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    why_ended = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=["due_at"], condition=models.Q(state="active"), name="standing_order_due"),
            models.Index(fields=["-created_at"], name="standing_order_newest"),
        )

    def __str__(self) -> str:
        return f"{self.request} {self.get_every_display()}"
