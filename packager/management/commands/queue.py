"""``manage.py queue TASK PARAM:VALUE ...``: submit a request as CKAN would."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from packager.api import legacy
from packager.lifecycle import requests
from packager.management.base import Facts, ReportCommand

TASKS = {
    "package_datastore": legacy.PackageDatastoreView,
    "package_dwc_archive": legacy.PackageDwcArchiveView,
    "package_url": legacy.PackageUrlView,
}


class Command(ReportCommand):
    """The three endpoints that take requests, from the command line."""

    help = (
        "Submit a request as CKAN would, but without the secret: "
        "queue package_datastore api_url:https://data.example/api/3/action/datastore_search resource_id:ID "
        "email:someone@example.org. The clusters build the package and email the link."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The endpoint's name, and its form fields."""
        super().add_arguments(parser)
        parser.add_argument("task", choices=sorted(TASKS), metavar="TASK", help=", ".join(TASKS))
        parser.add_argument("parameters", nargs="*", metavar="PARAM:VALUE", help="the form fields of the endpoint")

    def facts(self, **options: Any) -> Facts:
        """Submit it; says where to look."""
        pairs = [pair.partition(":") for pair in options["parameters"]]
        if bad := [name for name, colon, _ in pairs if not colon]:
            raise CommandError(f"{bad[0]!r} is not of the form PARAM:VALUE")
        submission = TASKS[options["task"]]().submission({name: value for name, _, value in pairs})
        request = requests.submit(submission)
        facts = {"request_id": str(request.pk), "status": request.status, "queue": request.queue}
        facts |= {"resource_title": request.resource_title, "dataset_title": request.dataset_title}
        return {**facts, "status_url": request.status_url, "download_url": request.download_url}

    def words(self, facts: Facts) -> str:
        """See ``ReportCommand``."""
        named = facts["resource_title"] or facts["dataset_title"]
        standing = "Request {request_id}: {status} ({queue} queue)\n{status_url}".format(**facts)
        return f"{named}\n{standing}" if named else standing
