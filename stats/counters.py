"""What monitoring counts, the same whichever process is asked: the numbers live in the database.

They never go down, as the daily totals do when they are reset: a monitor takes a smaller number for a new beginning.
"""

from __future__ import annotations

from collections import defaultdict
from enum import StrEnum
from math import inf

from django.db.models import F

from stats.models import Counter

#: Upper bounds, in seconds, by which builds are counted.
BOUNDS = (1.0, 2.5, 5.0, 15.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 10_800.0, inf)


class Name(StrEnum):
    """What is counted, by label."""

    SERVED = "served"  #: requests, by ``built`` or ``cached``; their rows
    FAILED = "failed"  #: requests, by the code of the error
    BUILT = "built"  #: packages, by the first of ``BOUNDS`` that they kept to; seconds
    DOWNLOADED = "downloaded"  #: packages; bytes


def add(name: Name, label: str = "", amount: float = 0.0) -> None:
    """Count one, with what it brought. The last thing in a transaction: every process waits for these rows."""
    key = {"name": name, "label": label}
    changes = {"number": F("number") + 1, "amount": F("amount") + amount}
    if not Counter.objects.filter(**key).update(**changes):
        Counter.objects.bulk_create([Counter(**key)], ignore_conflicts=True)
        Counter.objects.filter(**key).update(**changes)


def add_build(seconds: float) -> None:
    """Count a package that took so long to build."""
    add(Name.BUILT, str(next(bound for bound in BOUNDS if seconds <= bound)), seconds)


def read() -> dict[str, dict[str, tuple[int, float]]]:
    """Number and amount by name and label."""
    found: dict[str, dict[str, tuple[int, float]]] = defaultdict(dict)
    for name, label, number, amount in Counter.objects.values_list("name", "label", "number", "amount"):
        found[name][label] = (number, amount)
    return found


def build_seconds(built: dict[str, tuple[int, float]]) -> tuple[list[tuple[float, int]], float]:
    """A histogram as Prometheus has it, of what ``read`` says of ``Name.BUILT``.

    Returns each bound with the number of builds that took no longer, and the seconds of all.
    """
    kept = [(float(bound), number) for bound, (number, _) in built.items()]
    rising = [(bound, sum(number for own, number in kept if own <= bound)) for bound in BOUNDS]
    return rising, sum(seconds for _, seconds in built.values())
