"""``manage.py queue TASK PARAM:VALUE ...``: submit a request as CKAN would."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from packager import requests
from packager.api import legacy
from packager.errors import RequestError

TASKS = {
    "package_datastore": legacy.PackageDatastoreView,
    "package_dwc_archive": legacy.PackageDwcArchiveView,
    "package_url": legacy.PackageUrlView,
}


class Command(BaseCommand):
    """The three endpoints that take requests, from the command line."""

    help = (
        "Submit a request as CKAN would, without the secret: "
        "queue package_datastore api_url:https://data.example/api/3/action/datastore_search resource_id:ID "
        "email:someone@example.org. The clusters build the package and mail the link."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The endpoint's name, and its form fields."""
        parser.add_argument("task", choices=sorted(TASKS), metavar="TASK", help=", ".join(TASKS))
        parser.add_argument("parameters", nargs="*", metavar="PARAM:VALUE", help="the form fields of the endpoint")

    def handle(self, *_: Any, **options: Any) -> None:
        """Submit it and print where to look."""
        try:
            submission = TASKS[options["task"]]().submission(_form(options["parameters"]))
            request = requests.submit(submission)
        except RequestError as fault:
            raise CommandError(fault.message) from fault
        self.stdout.write(f"{request.pk} {request.status} in the {request.queue} queue\n{request.status_url}")


def _form(pairs: list[str]) -> dict[str, str]:
    form = {}
    for pair in pairs:
        name, colon, value = pair.partition(":")
        if not colon:
            raise CommandError(f"{pair!r} is not of the form PARAM:VALUE")
        form[name] = value
    return form
