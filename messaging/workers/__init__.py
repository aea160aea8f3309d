"""The workers that come with the portal."""

from __future__ import annotations

from messaging.worker import Worker
from messaging.workers.echo import Echo
from messaging.workers.stale import Stale

BUILTIN: dict[str, type[Worker]] = {"echo": Echo, "stale": Stale}
