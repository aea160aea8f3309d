"""How often something may happen, counted exactly, however many processes and machines count at once.

A window opens with the first call and is as long as the rate says; in it so many calls pass. One conditional UPDATE
counts a call: the database lets no two through where there is room for one.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import F
from django.utils import timezone

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
#: A window this old has closed, whatever its rate.
LONGEST_WINDOW = timedelta(days=1)


class Throttle(models.Model):
    """The window of one who is counted: when it opened, and how many passed since."""

    name = models.CharField(max_length=100, primary_key=True)
    opened_at = models.DateTimeField()
    passed = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.passed} since {self.opened_at:%H:%M:%S}"


def take(name: str, rate: str) -> float:
    """Count a call of ``name``, if there is room for it.

    Args:
        name: who is counted, and for what; at most 100 characters.
        rate: ``600/min``, by second, minute, hour or day; empty for no limit.

    Returns:
        0 if the call passes; else the seconds until the next may.
    """
    if not rate:
        return 0.0
    most, length = parsed(rate)
    now, mine = timezone.now(), Throttle.objects.filter(name=name)
    for _ in range(2):
        if mine.filter(opened_at__gt=now - length, passed__lt=most).update(passed=F("passed") + 1):
            return 0.0
        if mine.filter(opened_at__lte=now - length).update(opened_at=now, passed=1):
            return 0.0
        if Throttle.objects.get_or_create(name=name, defaults={"opened_at": now, "passed": 1})[1]:
            return 0.0
    return wait(name, rate)


def wait(name: str, rate: str) -> float:
    """Seconds until a call of ``name`` passes again; 0 if one would pass now. Counts nothing."""
    if not rate:
        return 0.0
    most, length = parsed(rate)
    full = Throttle.objects.filter(name=name, passed__gte=most).values_list("opened_at", flat=True).first()
    return max(0.0, (full + length - timezone.now()).total_seconds()) if full else 0.0


def give_back(name: str) -> None:
    """A call that was counted did not happen."""
    Throttle.objects.filter(name=name, passed__gt=0).update(passed=F("passed") - 1)


def tidy() -> int:
    """Forget windows that have closed. Returns how many."""
    return Throttle.objects.filter(opened_at__lt=timezone.now() - LONGEST_WINDOW).delete()[0]


def parsed(rate: str) -> tuple[int, timedelta]:
    """``600/min``: how many, and in what time."""
    most, _, unit = rate.partition("/")
    return int(most), timedelta(seconds=SECONDS[unit[0]])
