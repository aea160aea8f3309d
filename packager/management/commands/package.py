"""``manage.py package URL``: one package, here and now."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.core.management.base import CommandError, CommandParser
from django.db import Error
from tqdm import tqdm

from packager import assembly
from packager.errors import RequestError
from packager.intake import validation
from packager.intake.acceptance import check_address
from packager.lifecycle import titles
from packager.management.base import Facts, ReportCommand
from packager.models import Kind
from packager.streaming.pipeline import Summary
from packager.streaming.types import Progress
from packager.submission import Submission
from packager.titles import Titles

#: The exit code of a program that Ctrl-C ended, as shells count.
INTERRUPTED = 130


class Command(ReportCommand):
    """Builds one package without queue, database or mail."""

    help = (
        "Build one package right here, with a progress bar; no queue, no email. Give the address of a resource's page "
        "at CKAN (https://data.example/dataset/x/resource/ID), of its datastore_search, or of a file. "
        "PACKAGER_CKAN_HOSTS limits the hosts that may be read, as always."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The options of ``datastore_search``, the format, and where to put the file."""
        super().add_arguments(parser)
        parser.add_argument("address", metavar="RESOURCE_URL_OR_API_URL", help="where the data is")
        parser.add_argument("--resource-id", metavar="ID", help="the resource, if the address does not name it")
        parser.add_argument("--format", default="csv", help="csv (default), tsv, ...; an unknown name lists them all")
        parser.add_argument("--filters", metavar="JSON", help='for example {"country": "Brasil"}')
        parser.add_argument("--q", metavar="TEXT", help="full text to search for")
        parser.add_argument("--fields", metavar="A,B", help="only these columns")
        parser.add_argument("--sort", help="for example 'year desc, name'")
        parser.add_argument("--limit", metavar="N", help="at most N rows")
        parser.add_argument("--offset", metavar="N", help="skip the first N rows")
        parser.add_argument("--key", help="CKAN API key; safer as CKAN_API_KEY in the environment")
        parser.add_argument("-o", "--output", type=Path, metavar="FILE.zip", help="default: <resource id>.zip")

    def facts(self, **options: Any) -> Facts:
        """Build it. Exits 1 with one sentence if that fails, and leaves no file then."""
        submission = _submission(options)
        target = options["output"] or Path(f"{Path(submission.resource_id).name}.zip")
        self.titles = titles.ask(submission)
        try:
            summary = _build(submission, target, self.titles)
        except OSError as error:
            raise CommandError(f"The package could not be written: {error}") from error
        except Error as error:
            sentence = "The database does not say which CKAN sites may be read; name their hosts in PACKAGER_CKAN_HOSTS"
            raise CommandError(sentence) from error
        except KeyboardInterrupt:
            raise CommandError("Stopped; no file was written", returncode=INTERRUPTED) from None
        notes, size = [str(note) for note in summary.notes], target.stat().st_size
        return {"file": str(target), "size": size, "rows": summary.rows, "notes": notes}

    def words(self, facts: Facts) -> str:
        """See ``ReportCommand``."""
        rows = "" if facts["rows"] is None else f", {facts['rows']:,} rows"
        named = ", ".join(dict.fromkeys(filter(None, (self.titles.resource_title, self.titles.dataset_title))))
        written = f"{facts['file']}: {facts['size']:,} bytes{rows}"
        return "\n".join([*filter(None, [named]), written, *(f"Note: {note}" for note in facts["notes"])])


def _submission(options: dict[str, Any]) -> Submission:
    address = validation.http_address("address", options["address"])
    api_url, resource_id = locate(address)
    resource_id = options["resource_id"] or resource_id
    key = options["key"] or os.environ.get("CKAN_API_KEY", "")
    if not api_url:
        name = resource_id or urlsplit(address).path.rstrip("/").rpartition("/")[2] or "file"
        return Submission(kind=Kind.URL, resource_id=name, resource_url=address, format="", key=key)
    if not resource_id:
        raise RequestError("The address does not name the resource; use --resource-id", field="resource_id")
    return Submission(
        kind=Kind.DATASTORE,
        resource_id=resource_id,
        api_url=api_url,
        parameters=validation.query_parameters(options),
        format=options["format"],
        key=key,
    )


def locate(address: str) -> tuple[str, str]:
    """``datastore_search`` and resource id, as far as ``address`` tells them; empty where it does not.

    Knows CKAN's resource pages (``/dataset/<name>/resource/<id>``), also below a path, and its API.
    """
    parts = urlsplit(address)
    site = f"{parts.scheme}://{parts.netloc}"
    if parts.path.rstrip("/").endswith("/datastore_search"):
        return f"{site}{parts.path.rstrip('/')}", parse_qs(parts.query).get("resource_id", [""])[0]
    before, found, after = parts.path.partition("/resource/")
    if not found or "/dataset/" not in before or "/download/" in after:
        return "", ""
    root = before.partition("/dataset/")[0]
    return f"{site}{root}/api/3/action/datastore_search", after.strip("/").partition("/")[0]


def _build(submission: Submission, target: Path, known: Titles) -> Summary:
    progress, part = Progress(), target.with_name(target.name + ".part")
    check_address("address", submission.source_url)
    job = assembly.Job(submission)
    job.titles = known
    build = job.open(progress)
    try:
        in_rows = progress.total_bytes is None
        total = progress.total_rows if in_rows else progress.total_bytes
        shown = tqdm(total=total, unit=" rows" if in_rows else "B", unit_scale=True, dynamic_ncols=True)
        with part.open("wb") as file, shown as bar:
            for chunk in build:
                file.write(chunk)
                bar.update((progress.rows if in_rows else progress.bytes_in) - bar.n)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        build.close()
        part.unlink(missing_ok=True)
    return build.summary
