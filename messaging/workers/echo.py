"""Prints what comes."""

from __future__ import annotations

import json
import sys
from typing import Any

from messaging.worker import Worker


class Echo(Worker):
    """Print every notification."""

    def consume(self, routing_key: str, operation: str, payload: Any) -> None:
        """See ``Worker``."""
        text = json.dumps(payload, indent=2, ensure_ascii=False)
        sys.stdout.write(f"Route {routing_key}, op {operation}\n{text}\n")
        sys.stdout.flush()
