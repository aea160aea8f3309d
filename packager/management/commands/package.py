"""``manage.py package URL``: one package, here and now."""

from __future__ import annotations

import json
import os
from argparse import ArgumentTypeError
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from packager import assembly
from packager.errors import PackagerError, RequestError
from packager.intake import validation
from packager.intake.acceptance import check_address
from packager.models import Kind
from packager.streaming.pipeline import Summary
from packager.streaming.types import Progress
from packager.submission import Submission

#: The exit code of a program that Ctrl-C ended, as shells count.
INTERRUPTED = 130


class Command(BaseCommand):
    """Builds one package without queue, database or mail."""

    help = (
        "Build one package here and now, with a progress bar; no queue, no mail. The address is that of a resource's "
        "page at CKAN (https://data.example/dataset/x/resource/ID), of its datastore_search, or of a file. "
        "PACKAGER_CKAN_HOSTS says which hosts may be read, as always."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The options of ``datastore_search``, the format, and where to put the file."""
        parser.add_argument("address", metavar="RESOURCE_URL_OR_API_URL", help="where the data is")
        parser.add_argument("--resource-id", metavar="ID", help="the resource, where the address does not tell")
        parser.add_argument("--format", default="csv", help="csv (default), tsv, ...: an unknown one lists them all")
        parser.add_argument("--filters", metavar="JSON", help='for example {"country": "Brasil"}')
        parser.add_argument("--q", metavar="TEXT", help="full text to search for")
        parser.add_argument("--fields", metavar="A,B", help="only these columns")
        parser.add_argument("--sort", help="for example 'year desc, name'")
        parser.add_argument("--limit", type=_count, metavar="N", help="at most so many rows")
        parser.add_argument("--offset", type=_count, metavar="N", help="pass over so many rows")
        parser.add_argument("--key", help="CKAN API key; better in the environment as CKAN_API_KEY")
        parser.add_argument("-o", "--output", type=Path, metavar="FILE.zip", help="default: <resource id>.zip")
        parser.add_argument("--json", action="store_true", help="print file, size, rows and notes as JSON")

    def handle(self, *_: Any, **options: Any) -> None:
        """Build it. Exits 1 with one sentence if that fails, and leaves no file then."""
        try:
            submission = _submission(options)
            target = options["output"] or Path(f"{Path(submission.resource_id).name}.zip")
            summary, size = _build(submission, target)
        except PackagerError as fault:
            raise CommandError(f"{fault.message} {fault.detail}".strip()) from fault
        except OSError as fault:
            raise CommandError(f"The package could not be written: {fault}") from fault
        except KeyboardInterrupt:
            raise CommandError("Stopped; no file is left", returncode=INTERRUPTED) from None
        self.stdout.write((_as_json if options["json"] else _in_words)(target, size, summary))


def _as_json(target: Path, size: int, summary: Summary) -> str:
    notes = [str(note) for note in summary.notes]
    return json.dumps({"file": str(target), "size": size, "rows": summary.rows, "notes": notes})


def _in_words(target: Path, size: int, summary: Summary) -> str:
    rows = "" if summary.rows is None else f", {summary.rows} rows"
    return "\n".join([f"{target}: {size} bytes{rows}", *(f"Note: {note}" for note in summary.notes)])


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ArgumentTypeError(f"{text!r} is not a whole number, zero or more")
    return int(text)


def _submission(options: dict[str, Any]) -> Submission:
    address = validation.http_address("address", options["address"])
    api_url, resource_id = locate(address)
    resource_id = options["resource_id"] or resource_id
    key = options["key"] or os.environ.get("CKAN_API_KEY", "")
    if not api_url:
        name = resource_id or urlsplit(address).path.rstrip("/").rpartition("/")[2] or "file"
        return Submission(kind=Kind.URL, resource_id=name, resource_url=address, format="", key=key)
    if not resource_id:
        raise RequestError("The address does not tell the resource; use --resource-id", field="resource_id")
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


def _build(submission: Submission, target: Path) -> tuple[Summary, int]:
    progress, part = Progress(), target.with_name(target.name + ".part")
    check_address("address", submission.source_url)
    build = assembly.Job(submission).open(progress)
    try:
        with part.open("wb") as file:
            for chunk in _shown(build, progress):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        build.close()
        part.unlink(missing_ok=True)
    return build.summary, target.stat().st_size


def _shown(chunks: Any, progress: Progress) -> Iterator[bytes]:
    in_rows = progress.total_bytes is None
    total = progress.total_rows if in_rows else progress.total_bytes
    with tqdm(total=total, unit=" rows" if in_rows else "B", unit_scale=True, dynamic_ncols=True) as bar:
        for chunk in chunks:
            yield chunk
            bar.update((progress.rows if in_rows else progress.bytes_in) - bar.n)
