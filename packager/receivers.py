"""Who receives webhooks, by host: one that fails gets fewer and fewer calls, and after a day one a day."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import F
from django.utils import timezone

#: The pause after the first failure of a host; each further one doubles it, up to the longest.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
#: A host that has failed for so long is stopped: what it should hear is given up, and it is tried so often.
STOPPED_AFTER = TRIED_EVERY = timedelta(days=1)
#: Seconds that the others wait while one call finds out whether a host has recovered.
TRIAL = 30.0


class Receiver(models.Model):
    """A host that fails at present; one that answers has no row."""

    host = models.CharField(max_length=255, unique=True)
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField()
    next_attempt_at = models.DateTimeField()

    class Meta:
        ordering = ("host",)

    def __str__(self) -> str:
        return self.host

    @property
    def stopped(self) -> bool:
        """Whether it has failed for so long that it is called once a day only."""
        return self.failing_since < timezone.now() - STOPPED_AFTER

    @property
    def pause(self) -> timedelta:
        """Until the next call."""
        doubled = FIRST_PAUSE * 2 ** min(self.failures, 10)
        return TRIED_EVERY if self.stopped else min(doubled, LONGEST_PAUSE)

    def seconds_to_wait(self) -> float:
        """Until this call may be made; 0 if now. Of several at once one is let through, to try."""
        now = timezone.now()
        if self.next_attempt_at > now:
            return (self.next_attempt_at - now).total_seconds()
        unchanged = Receiver.objects.filter(pk=self.pk, next_attempt_at=self.next_attempt_at)
        return 0.0 if unchanged.update(next_attempt_at=now + self.pause) else TRIAL


def note_failure(host: str) -> None:
    """A call of ``host`` failed in a way that may pass."""
    now = timezone.now()
    first = {"failing_since": now, "next_attempt_at": now + FIRST_PAUSE}
    row, new = Receiver.objects.get_or_create(host=host, defaults=first)
    if not new:
        Receiver.objects.filter(pk=row.pk).update(failures=F("failures") + 1, next_attempt_at=now + row.pause)


def note_success(host: str) -> None:
    """``host`` answered."""
    Receiver.objects.filter(host=host).delete()
