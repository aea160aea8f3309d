"""What happened to what."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Note:
    """Something changed; what it looks like now is asked when it is told.

    Attributes:
        kind: ``Datastore``, ``Resource`` or ``Package``.
        id: of the resource or dataset.
        operation: ``new``, ``changed`` or ``deleted``.
        facts: what would be unknown later: the ``action``, the ``package_id``, the ``resources`` of a dataset.
    """

    kind: str
    id: str
    operation: str
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The same for all notes about one thing, of which the last one counts."""
        return f"{self.kind}:{self.id}"

    def dumps(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), sort_keys=True)


def loads(text: str | bytes) -> Note:
    """Out of JSON."""
    return Note(**json.loads(text))
