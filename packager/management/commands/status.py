"""``manage.py status``: queues, clusters, the store, requests by state."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from packager.management.base import Facts, ReportCommand
from packager.models import Package
from packager.presentation.service_status import others, overview
from packager.sentences import count_of
from packager.storage import stores


class Command(ReportCommand):
    """The state of the portal."""

    help = "Print the running clusters, what is waiting in each queue, the store, and the requests by state."

    def facts(self, **_: Any) -> Facts:
        """See ``ReportCommand``."""
        now = overview()
        clusters = [{"queue": c.queue, "host": c.host, "pid": c.pid, "workers": c.workers} for c in now.clusters]
        sizes = {"used_bytes": Package.objects.total_size(), "quota_bytes": settings.PACKAGER_STORE_QUOTA}
        store = {"problem": stores.problem(), "free_bytes": stores.free(), **sizes}
        troubles = {"deserted": now.deserted, "wedged": now.wedged}
        state = {"waiting": now.waiting, **troubles, "requests": now.requests}
        rooms = {name: told for name, tell in others.items() if (told := tell())}
        return {"clusters": clusters, "store": store, **state, **rooms}

    def words(self, facts: Facts) -> str:
        """See ``ReportCommand``."""
        lines = [f"{c['queue']} cluster on {c['host']}: {count_of(c['workers'], 'worker')}" for c in facts["clusters"]]
        lines = lines or ["No cluster is running."]
        lines += [f"{name}: {count} waiting" for name, count in facts["waiting"].items()]
        lines += [f"The {name} queue has work, but no {name} cluster is running." for name in facts["deserted"]]
        lines += [f"The {name} cluster is wedged: it takes no tasks." for name in facts["wedged"]]
        if problem := facts["store"]["problem"]:
            lines.append(f"The store cannot be used: {problem}.")
        if quota := facts["store"]["quota_bytes"]:
            lines.append(f"Packages use {facts['store']['used_bytes']:,} of {quota:,} bytes in the store.")
        lines += [facts[name]["sentence"] for name in others if name in facts]
        return "\n".join(lines + [f"{status}: {count}" for status, count in facts["requests"].items()])
