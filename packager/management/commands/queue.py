"""``manage.py queue TASK PARAM:VALUE ...``: submit a request as CKAN would."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from packager.api import legacy
from packager.errors import RequestError
from packager.lifecycle import requests
from packager.models import PackageRequest

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
        parser.add_argument("--json", action="store_true", help="print number, state, queue and links as JSON")

    def handle(self, *_: Any, **options: Any) -> None:
        """Submit it and print where to look."""
        try:
            submission = TASKS[options["task"]]().submission(_form(options["parameters"]))
            request = requests.submit(submission)
        except RequestError as fault:
            raise CommandError(fault.message) from fault
        self.stdout.write(_as_json(request) if options["json"] else _in_words(request))


def _as_json(request: PackageRequest) -> str:
    facts = {"request_id": str(request.pk), "status": request.status, "queue": request.queue}
    return json.dumps({**facts, "status_url": request.status_url, "download_url": request.download_url})


def _in_words(request: PackageRequest) -> str:
    return f"{request.pk} {request.status} in the {request.queue} queue\n{request.status_url}"


def _form(pairs: list[str]) -> dict[str, str]:
    form = {}
    for pair in pairs:
        name, colon, value = pair.partition(":")
        if not colon:
            raise CommandError(f"{pair!r} is not of the form PARAM:VALUE")
        form[name] = value
    return form
