"""``manage.py pusher_status``: jobs by state, what runs, and which CKANs have not been told."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from packager.management.base import Facts, ReportCommand
from pusher.overview import overview


class Command(ReportCommand):
    """The state of the pusher."""

    help = "Print the pushes by state, those running, and how many CKAN has not been told about yet."

    def facts(self, **_: Any) -> Facts:
        """See ``ReportCommand``."""
        now = overview()
        running = [
            {"resource": str(job), "step": job.step, "rows": job.rows_done, "of": job.rows_total, "worker": job.worker}
            for job in now.running
        ]
        counts = {"states": now.states, "waiting": now.waiting, "untold": now.untold}
        return {"enabled": settings.PUSHER_ENABLED, **counts, "running": running}

    def words(self, facts: Facts) -> str:
        """See ``ReportCommand``."""
        lines = [] if facts["enabled"] else ["The pusher is switched off (PUSHER_ENABLED)."]
        lines += [f"{state}: {count}" for state, count in facts["states"].items()]
        lines += [f"{queue} queue: {count} waiting" for queue, count in facts["waiting"].items()]
        lines += [
            f"CKAN has not been told about {facts['untold']} yet."
            if facts["untold"]
            else "CKAN knows about all of them."
        ]
        for job in facts["running"]:
            done = f"{job['rows']:,}" + (f" of {job['of']:,}" if job["of"] else "")
            lines.append(f"Running: {job['resource']}, {job['step'] or 'starting'}, {done} rows, {job['worker']}")
        return "\n".join(lines)
