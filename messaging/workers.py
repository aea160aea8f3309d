"""The workers that come with the portal: one prints what comes, one tells the portal what changed in CKAN."""

from __future__ import annotations

import json
import sys
from importlib.metadata import entry_points
from typing import Any
from urllib.parse import urlsplit

from messaging.worker import Worker
from packager.lifecycle import changes
from packager.lifecycle.changes import Notification

#: Distributions offer workers through this entry-point group.
GROUP = "packaging_portal.workers"


class Echo(Worker):
    """Print every notification."""

    def consume(self, routing_key: str, operation: str, payload: Any) -> None:
        """See ``Worker``."""
        text = json.dumps(payload, indent=2, ensure_ascii=False)
        sys.stdout.write(f"Route {routing_key}, op {operation}\n{text}\n")
        sys.stdout.flush()


class Stale(Worker):
    """Never hand out packages again whose data changed in CKAN."""

    def consume(self, routing_key: str, operation: str, payload: Any) -> None:
        """See ``Worker``. Only the tables of the data portal at ``ckan.site_url`` are meant."""
        if isinstance(payload, dict):
            host = urlsplit(self.config.get("ckan.site_url", "")).netloc
            changes.receive([Notification(routing_key, operation, payload)], ckan_host=host, source="worker stale")


def known() -> dict[str, type[Worker]]:
    """The workers that come with the portal, and those of installed distributions, by name."""
    offered = {point.name: point.load() for point in entry_points(group=GROUP)}
    return {"echo": Echo, "stale": Stale, **offered}
