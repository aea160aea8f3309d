"""``manage.py fill_titles``: what the resources of old requests are called."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Max

from packager.intake import validation
from packager.lifecycle import titles
from packager.management.base import Facts, ReportCommand
from packager.sentences import count_of

MOST = 1000


class Command(ReportCommand):
    """Fills in titles that nobody asked for when a request was made."""

    help = (
        "Ask the data portals for the titles of resources, datasets and organisations that requests do not have yet. "
        "Only public titles are found. The newest resources come first; run it again to continue with the others."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """How much at a time."""
        super().add_arguments(parser)
        parser.add_argument(
            "--limit", default=str(MOST), metavar="N", help=f"look up at most N resources (default {MOST})"
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
        requests, resources = count_of(facts["requests"], "request"), count_of(facts["resources"], "resource")
        lines = [f"Titles added to {requests} for {resources}."]
        if facts["unknown"]:
            lines.append(f"No public title: {count_of(facts['unknown'], 'resource')}.")
        if facts["left"]:
            lines.append(f"Still to do: {count_of(facts['left'], 'resource')}. Run it again to continue.")
        return "\n".join(lines)
