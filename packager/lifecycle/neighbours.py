"""Work of other rooms in the clusters that build. It takes turns with builds: neither waits for all of the other.

A task means "one more of this queue". Which kind of work it becomes is decided when a worker begins it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from django.db.models import Max

from packager.models import Turn

log = logging.getLogger(__name__)
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Neighbour(Protocol):
    """Work of another room."""

    def ready(self, queue: str) -> int:
        """How many could be begun now."""

    def last_begun(self, queue: str) -> datetime | None:
        """When the last one was begun; None if nobody knows."""

    def do_next(self, queue: str) -> bool:
        """Begin one and bring it to its end. False if there was none to begin."""


_neighbours: list[Neighbour] = []


def move_in(neighbour: Neighbour) -> None:
    """To be called when Django starts."""
    _neighbours.append(neighbour)


def ready(queue: str) -> int:
    """How much of their work could be begun now."""
    return sum(neighbour.ready(queue) for neighbour in _neighbours)


def do_next(queue: str, build: Callable[[str], bool]) -> None:
    """Begin one more of this queue: of that work of which none was begun for longest, builds first among equals."""
    last_build = Turn.objects.filter(queue=queue).aggregate(at=Max("at"))["at"] if ready(queue) else None
    kinds = [(last_build or LONG_AGO, build)]
    kinds += [(neighbour.last_begun(queue) or LONG_AGO, neighbour.do_next) for neighbour in _neighbours]
    for _, do in sorted(kinds, key=lambda kind: kind[0]):
        if do(queue):
            return
    log.info("nothing that waits in the queue %s can be begun", queue)
