"""``manage.py fill_titles``: what the resources of old requests are called."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Max

from packager.intake import validation
from packager.lifecycle import titles
from packager.management.base import Facts, ReportCommand

MOST = 1000


class Command(ReportCommand):
    """Fills in titles that nobody asked for when a request was made."""

    help = (
        "Ask the data portals for the titles of resources, datasets and organisations where requests have none yet, "
        "as the public sees them. The newest resources come first; running it again goes on with the others."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """How much at a time."""
        super().add_arguments(parser)
        parser.add_argument(
            "--limit", default=str(MOST), metavar="N", help=f"ask about at most so many resources (default {MOST})"
        )

    def facts(self, **options: Any) -> Facts:
        """See ``ReportCommand``."""
        most = validation.number("limit", options["limit"])
        missing = titles.untitled().order_by().values_list("ckan_host", "resource_id")
        resources = list(missing.annotate(newest=Max("created_at")).order_by("-newest"))
        filled = [titles.fill(host, resource_id) for host, resource_id, _newest in resources[:most]]
        return {
            "requests": sum(filled),
            "resources": sum(1 for count in filled if count),
            "unknown": filled.count(0),
            "left": max(len(resources) - len(filled), 0),
        }

    def words(self, facts: Facts) -> str:
        """See ``ReportCommand``."""
        requests, resources = _counted(facts["requests"], "request"), _counted(facts["resources"], "resource")
        lines = [f"Titles filled in for {requests} of {resources}."]
        if facts["unknown"]:
            lines.append(f"No public title: {_counted(facts['unknown'], 'resource')}.")
        if facts["left"]:
            lines.append(f"Not asked yet: {_counted(facts['left'], 'resource')}. Run it again to go on.")
        return "\n".join(lines)


def _counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
