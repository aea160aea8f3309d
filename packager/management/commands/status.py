"""``manage.py status``: queues, clusters, requests by state."""

from __future__ import annotations

from typing import Any

from packager.management.base import Facts, ReportCommand
from packager.presentation.service_status import overview


class Command(ReportCommand):
    """The state of the portal."""

    help = "Print the clusters that are alive, what waits in each queue, and the requests by state."

    def facts(self, **_: Any) -> Facts:
        """See ``ReportCommand``."""
        now = overview()
        clusters = [{"queue": c.queue, "host": c.host, "pid": c.pid, "workers": c.workers} for c in now.clusters]
        return {"clusters": clusters, "waiting": now.waiting, "deserted": now.deserted, "requests": now.requests}

    def words(self, facts: Facts) -> str:
        """See ``ReportCommand``."""
        lines = [f"{c['queue']} cluster on {c['host']}: {c['workers']} workers" for c in facts["clusters"]]
        lines = lines or ["No cluster is running."]
        lines += [f"{queue} queue: {count} waiting" for queue, count in facts["waiting"].items()]
        lines += [f"The {queue} queue has work and no cluster." for queue in facts["deserted"]]
        return "\n".join(lines + [f"{status}: {count}" for status, count in facts["requests"].items()])
