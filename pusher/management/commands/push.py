"""``manage.py push``: loads one resource into the DataStore here and now, with a progress bar."""

from __future__ import annotations

import os
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import CommandError, CommandParser
from django.db import connection
from tqdm import tqdm

from packager.errors import RequestError
from packager.management.base import Facts, ReportCommand
from pusher import lifecycle, running
from pusher.models import UNDER_WAY, PushJob, State
from pusher.submission import JOB_TYPES, Submission, check_hosts

#: Seconds between two looks at the job.
LOOK = 0.5
INTERRUPTED = 130


class Command(ReportCommand):
    """Pushes without a queue."""

    help = (
        "Load one resource into CKAN's DataStore right now, with a progress bar. Give the address of the resource's "
        "page at CKAN (https://data.example/dataset/x/resource/ID)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The resource, and how."""
        super().add_arguments(parser)
        parser.add_argument("address", metavar="RESOURCE_URL", help="the resource's page at CKAN")
        parser.add_argument("--key", help="CKAN API token; safer as CKAN_API_KEY in the environment")
        parser.add_argument("--dry-run", action="store_true", help="show the table that would be loaded; write nothing")
        parser.add_argument("--again", action="store_true", help="even if the file has not changed")

    def facts(self, **options: Any) -> Facts:
        """Push it. Exits 1 with the job's sentence if that fails."""
        job, _ = lifecycle.submit(_submission(options), queue=lifecycle.HERE)
        try:
            _follow(job)
        except KeyboardInterrupt:
            lifecycle.cancel(job, "Ctrl-C")
            raise CommandError("Stopped", returncode=INTERRUPTED) from None
        job.refresh_from_db()
        if job.state != State.SUCCEEDED:
            raise CommandError((job.error or {}).get("message") or f"The push is {job.state}; it will be tried again")
        log = [f"{line.level}: {line.message}" for line in job.logs.all()]
        return {"resource_id": job.resource_id, "rows": job.rows_done, "log": log, "preview": job.result}

    def words(self, facts: Facts) -> str:
        """See ``ReportCommand``."""
        lines = list(facts["log"])
        if facts["preview"]:
            columns = [f"{column['name']} ({column['type']})" for column in facts["preview"]["columns"]]
            lines += ["", " | ".join(columns)]
            lines += [" | ".join("" if cell is None else cell for cell in row) for row in facts["preview"]["rows"]]
        return "\n".join(lines)


def _submission(options: dict[str, Any]) -> Submission:
    site, resource_id = _parts(options["address"])
    metadata = {"ckan_url": site, "resource_id": resource_id, "ignore_hash": options["again"]}
    if options["dry_run"]:
        metadata["dry_run"] = True
    check_hosts(metadata, "")
    key = options["key"] or os.environ.get("CKAN_API_KEY", "")
    return Submission.new(JOB_TYPES[0], key, metadata)


def _parts(address: str) -> tuple[str, str]:
    """CKAN's address and the resource's id."""
    parts = urlsplit(address)
    before, found, after = parts.path.partition("/resource/")
    root, dataset, _ = before.partition("/dataset/")
    if not (found and dataset and parts.netloc):
        raise RequestError("Give the address of a resource's page: …/dataset/NAME/resource/ID", field="address")
    return f"{parts.scheme}://{parts.netloc}{root}/", after.strip("/").partition("/")[0]


def _follow(job: PushJob) -> None:
    """Run the job in another thread and show how far it is."""
    worker = Thread(target=_run, args=(job.pk,), daemon=True)
    worker.start()
    with tqdm(unit=" rows", unit_scale=True, dynamic_ncols=True) as bar:
        while worker.is_alive():
            worker.join(LOOK)
            job.refresh_from_db()
            bar.set_description(job.step or "starting" if job.state in UNDER_WAY else job.state)
            if bar.total != job.rows_total:
                bar.reset(job.rows_total)
            bar.update(job.rows_done - bar.n)


def _run(pk: int) -> None:
    try:
        running.run(pk)
    finally:
        connection.close()
