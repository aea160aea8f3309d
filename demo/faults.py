"""Faults on demand: what networks and servers do to answers, and what writers do to a table that is being read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from threading import Lock
from typing import Any


class Kind(StrEnum):
    """What goes wrong."""

    STATUS = "status"  #: an error status instead of the answer, with ``retry_after`` if given
    CUT = "cut"  #: the connection ends in the middle of the body
    TRUNCATE = "truncate"  #: half of the body, with the Content-Length of that half
    MALFORMED = "malformed"  #: status 200 and a page that is no JSON
    EMPTY = "empty"  #: no rows, though there are more
    SHORT = "short"  #: ``rows`` rows fewer than there should be
    TOTAL = "total"  #: ``rows`` as the total, whatever the table holds
    SLOW = "slow"  #: the answer comes ``seconds`` later
    DRIP = "drip"  #: the body comes byte by byte, one every ``seconds``
    HANG = "hang"  #: no answer for ``seconds``, then the connection ends
    APPEND = "append"  #: somebody adds ``rows`` rows before the page is read
    DELETE = "delete"  #: somebody deletes the first ``rows`` rows that are left before the page is read


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault.

    ``times`` answers are hit after ``after`` answers went well, counting only requests whose path contains ``path``
    and, if given, that are for the resource with the id ``resource``.
    """

    kind: Kind
    times: int = 1
    after: int = 0
    path: str = "datastore_search"
    resource: str = ""
    status: int = 503
    retry_after: float | None = None
    seconds: float = 1.0
    rows: int = 1


class Faults:
    """The faults still to come. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: list[Fault] = []

    def add(self, kind: str, **settings: Any) -> None:
        """Order a fault: ``add("status", status=429, retry_after=1, times=2)``.

        Raises:
            ValueError: no such kind or setting.
        """
        unknown = set(settings) - {field.name for field in fields(Fault)}
        if unknown:
            raise ValueError(f"A fault has no {', '.join(sorted(unknown))}.")
        with self._lock:
            self._waiting.append(Fault(Kind(kind), **settings))

    def take(self, path: str, resource: str) -> dict[Kind, Fault]:
        """What is to happen to this request, and count it."""
        with self._lock:
            hit = [self._count(fault) for fault in self._waiting if _concerns(fault, path, resource)]
            self._waiting = [fault for fault in self._waiting if fault.times > 0]
        return {fault.kind: fault for fault in hit if fault is not None}

    def _count(self, fault: Fault) -> Fault | None:
        at = next(index for index, waiting in enumerate(self._waiting) if waiting is fault)
        if fault.after > 0:
            self._waiting[at] = replace(fault, after=fault.after - 1)
            return None
        self._waiting[at] = replace(fault, times=fault.times - 1)
        return fault

    def clear(self) -> None:
        """No more faults."""
        with self._lock:
            self._waiting.clear()

    def waiting(self) -> list[Mapping[str, Any]]:
        """The faults still to come, as plain values."""
        with self._lock:
            return [asdict(fault) for fault in self._waiting]


def _concerns(fault: Fault, path: str, resource: str) -> bool:
    return fault.path in path and fault.resource in ("", resource)
