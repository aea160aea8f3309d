"""One attempt at a job: resource, file, table, rows, and what CKAN is to know of it."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from packager.security import encryption
from packager.streaming.http import HttpClient
from pusher import lifecycle
from pusher.clients import ckan_client, download_client
from pusher.errors import CkanRefused, JobInvalid, RowsMissing
from pusher.heartbeat import Progress
from pusher.models import PushJob, State
from pusher.reading.download import Download, Order, download, without_query
from pusher.reading.options import ReadingOptions
from pusher.reading.table import Table, open_table
from pusher.writing.api import ApiWriter
from pusher.writing.ckan import Ckan
from pusher.writing.copy import CopyWriter
from pusher.writing.datastore import Datastore, Dictionary, Writer, fields_of

#: Seconds in which CKAN's answer and what it posted must agree: it posts before it commits.
PATIENCE = 10.0
#: Parts of a large table at which the log tells how far it is.
MILESTONES = 10
#: Rows from which on there are milestones.
LARGE = 50_000
#: Rows that a dry run shows.
SHOWN = 20
READER = 1  # to be raised when the same file would become another table


class OtherQueue(Exception):
    """The file is for the other cluster."""


@dataclass(frozen=True)
class Outcome:
    """What is known of a job that came to a good end: columns of its row."""

    changed: bool
    facts: dict[str, Any] = field(default_factory=dict)


class Pushing:
    """One attempt. ``run`` does it; ``stop`` ends whatever it waits for, from any thread.

    Args:
        job: as it was claimed.
        progress: is kept up to date.
        confirm: raises PushFenced if the job is another's; asks the database.
        alive: the same, without asking.
    """

    def __init__(
        self, job: PushJob, progress: Progress, confirm: Callable[[], None], alive: Callable[[], None]
    ) -> None:
        self._job, self._progress, self._confirm, self._alive = job, progress, confirm, alive
        self._key = encryption.decrypt(job.encrypted_api_key) or ""
        self._clients: list[HttpClient] = []
        self._stopped = False

    def stop(self) -> None:
        """Cut every connection."""
        self._stopped = True
        for client in self._clients:
            client.close()

    def tell(self, level: str, message: str) -> None:
        """A line of the job's log."""
        lifecycle.write_log(self._job, level, message, self._progress.step or "push")

    def run(self) -> Outcome:
        """Raises PushError; OtherQueue before anything is changed."""
        self._check()
        with ExitStack() as stack:
            client = stack.enter_context(closing(self._remember(ckan_client())))
            ckan = Ckan(client, self._job.ckan_url, self._key)
            resource = self._resource(ckan)
            self._note_title(resource)
            if resource.get("url_type") == "datastore":
                self.tell("INFO", "Dump files are managed with the Datastore API")
                return Outcome(changed=False)
            directory = stack.enter_context(work_directory(self._job))
            return self._push(ckan, resource, directory)

    def _remember(self, client: HttpClient) -> HttpClient:
        self._clients.append(client)
        if self._stopped:
            client.close()
        return client

    # ------------------------------------------------------------ the resource

    def _check(self) -> None:
        metadata = self._job.metadata
        if not metadata:
            raise JobInvalid("Metadata missing")
        if not metadata.get("resource_id"):
            raise JobInvalid("No id provided.")
        if not metadata.get("ckan_url"):
            raise JobInvalid("No ckan_url provided.")

    def _resource(self, ckan: Ckan) -> dict[str, Any]:
        self._progress.step = "resource"
        posted, until = self._job.metadata.get("original_url"), time.monotonic() + PATIENCE
        while True:
            found: dict[str, Any] | None = ckan.find("resource_show", {"id": self._job.resource_id})
            if found is not None and (not posted or found.get("url") == posted):
                return found
            if time.monotonic() > until:
                break
            ckan.pause(0)
        if found is None:
            raise CkanRefused("CKAN bad response. Status code: 404 Not Found. At: /api/3/action/resource_show.")
        return found

    def _note_title(self, resource: dict[str, Any]) -> None:
        title = str(resource.get("name") or "")[:500]
        if title and title != self._job.title:
            self._job.title = title
            lifecycle.report(lifecycle.Claim(self._job.pk, self._job.attempt), title=title)

    # ------------------------------------------------------------------ the way

    def _push(self, ckan: Ckan, resource: dict[str, Any], directory: Path) -> Outcome:
        file = self._fetch(resource, directory)
        table_there = Datastore(ckan, self._job.resource_id)
        dictionary = table_there.dictionary()
        facts = {"md5": file.md5, "rules_digest": rules_digest(dictionary or {})}
        if self._unchanged(facts, dictionary):
            self.tell("INFO", f"The file hash hasn't changed: {file.md5}.")
            return Outcome(changed=False, facts=facts)
        table = self._read(file, resource, directory, dictionary)
        if self._job.dry_run:
            return Outcome(changed=False, facts={"result": preview(table), **self._figures(table)})
        self._write(ckan, table, table_there, dictionary)
        self._mark(ckan, file, table)
        self.tell("INFO", f'Successfully pushed {table.count} entries to "{self._job.resource_id}".')
        return Outcome(changed=True, facts={**facts, **self._figures(table)})

    def _fetch(self, resource: dict[str, Any], directory: Path) -> Download:
        self._progress.step = "download"
        url = str(resource.get("url") or "")
        uploaded = resource.get("url_type") == "upload"
        address = self._address_of_upload(url) if uploaded else url
        self.tell("INFO", f"Fetching from: {without_query(url)}")
        excerpt = bool(settings.PUSHER_EXCERPT_ROWS)
        order = Order(address, directory / "file", settings.PUSHER_MAX_BYTES, url, excerpt, self._downloaded)
        # a key that names its own header goes nowhere but to CKAN's API
        key = self._key if uploaded and ":" not in self._key else None
        with closing(self._remember(download_client(key, self._job.ckan_url))) as client:
            file = download(client, order)
        if self._job.queue == "fast" and file.size > settings.PUSHER_SLOW_BYTES:
            raise OtherQueue
        return file

    def _address_of_upload(self, url: str) -> str:
        start = url.find("/dataset/")
        return self._job.ckan_url.rstrip("/") + url[start:] if start >= 0 else url

    def _downloaded(self, done: int, total: int | None) -> None:
        if self._job.queue == "fast" and max(done, total or 0) > settings.PUSHER_SLOW_BYTES:
            raise OtherQueue
        self._progress.bytes_done, self._progress.bytes_total = done, total
        self._alive()

    def _unchanged(self, facts: dict[str, str], dictionary: Dictionary | None) -> bool:
        if self._job.metadata.get("ignore_hash") or self._job.dry_run or dictionary is None:
            return False
        ended = PushJob.objects.of(self._job).filter(dry_run=False, finished_at__isnull=False)
        last: PushJob | None = ended.exclude(pk=self._job.pk).exclude(error_code="push_superseded").latest_ended()
        if last is None or last.state != State.SUCCEEDED:
            return False
        return (last.md5, last.rules_digest) == (facts["md5"], facts["rules_digest"])

    def _read(self, file: Download, resource: dict[str, Any], directory: Path, dictionary: Dictionary | None) -> Table:
        self._progress.step = "read"

        def seen(rows: int) -> None:
            self._progress.rows_done = rows
            self._alive()

        tabs = str(resource.get("format") or "").lower() in ("tsv", "tab", "text/tab-separated-values")
        options = reading_options(prefer_tab=tabs)
        table = open_table(file.path, directory, options, dictionary, self.tell, seen, file.cut_off)
        types = ", ".join(f"{column.name} ({column.type})" for column in table.columns[:30])
        more = f" and {len(table.columns) - 30} more" if len(table.columns) > 30 else ""
        self.tell("INFO", f"Determined headers and types: {types}{more}. Rows: {table.count:,}.")
        return table

    def _write(self, ckan: Ckan, table: Table, there: Datastore, dictionary: Dictionary | None) -> None:
        self._progress.step, self._progress.rows_done, self._progress.rows_total = "write", 0, table.count
        fields = fields_of(table.columns, dictionary)
        if settings.PUSHER_DATASTORE_WRITE_URL and dictionary is None:
            there.create(fields)
        self._progress.writing_since = datetime.now(UTC)
        self._confirm()
        self._writer(ckan).replace(table, fields, self._written(table.count), self._confirm)
        total = there.total()
        if total != table.count:
            raise RowsMissing(got=total, expected=table.count)

    def _writer(self, ckan: Ckan) -> Writer:
        if settings.PUSHER_DATASTORE_WRITE_URL:
            return CopyWriter(settings.PUSHER_DATASTORE_WRITE_URL, self._job.resource_id, self.tell)
        rows, size = settings.PUSHER_CHUNK_ROWS, settings.PUSHER_CHUNK_BYTES
        return ApiWriter(ckan, self._job.resource_id, self.tell, rows=rows, size=size)

    def _written(self, count: int) -> Callable[[int], None]:
        step = max(count // MILESTONES, LARGE)
        told, begin = [0], time.monotonic()

        def written(rows: int) -> None:
            self._progress.rows_done = rows
            self._alive()
            if rows // step > told[0] and rows < count:
                told[0] = rows // step
                rate = rows / max(time.monotonic() - begin, 0.001)
                left = timedelta(seconds=round((count - rows) / rate))
                self.tell("INFO", f"Saved {rows:,} of {count:,} rows, {rate:,.0f} a second, {left} to go.")

        return written

    def _mark(self, ckan: Ckan, file: Download, table: Table) -> None:
        """The last edit of the resource: after the hook it would make CKAN send the next job."""
        self._progress.step = "mark"
        self._confirm()
        marks: dict[str, Any] = {"id": self._job.resource_id, "hash": file.md5}
        marks["datastore_contains_all_records_of_source_file"] = not table.excerpt
        if self._job.metadata.get("set_url_type"):
            marks["url_type"] = "datapusher"
        ckan.action("resource_patch", marks, attempts=5)

    def _figures(self, table: Table) -> dict[str, Any]:
        figures = {figure.name: figure.as_dict() for figure in table.figures}
        columns = [{"name": c.name, "type": c.type, **figures.get(c.name, {})} for c in table.columns]
        return {"columns": columns, "rows_done": table.count, "rows_total": table.count}


# ------------------------------------------------------------------------ the parts


def reading_options(prefer_tab: bool = False) -> ReadingOptions:
    """What the operator decided."""
    return ReadingOptions(
        null_markers=frozenset(settings.PUSHER_NULL_MARKERS),
        date_order=settings.PUSHER_DATE_ORDER,
        fallback_encoding=settings.PUSHER_FALLBACK_ENCODING,
        max_bytes=settings.PUSHER_MAX_BYTES,
        excerpt_rows=settings.PUSHER_EXCERPT_ROWS,
        prefer_tab=prefer_tab,
    )


def rules_digest(dictionary: Dictionary) -> str:
    """What decides, besides the file, what the table is."""
    overrides = {name: info["type_override"] for name, info in dictionary.items() if info.get("type_override")}
    options = reading_options()
    rules = [READER, overrides, sorted(options.null_markers), options.date_order, options.fallback_encoding]
    rules.append(options.excerpt_rows)
    return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()


def preview(table: Table) -> dict[str, Any]:
    """What a dry run shows."""
    first = next(table.batches(SHOWN), None)
    columns = [{"name": c.name, "type": c.type, "header": c.header} for c in table.columns]
    return {"columns": columns, "rows": [list(row) for row in first.rows] if first else [], "count": table.count}


class work_directory:
    """A directory for one attempt; what earlier attempts at the job left goes."""

    def __init__(self, job: PushJob) -> None:
        self._path = Path(settings.PACKAGER_TEMP_DIRECTORY) / f"push-{job.pk}-{job.attempt}"
        self._job = job

    def __enter__(self) -> Path:
        for left in self._path.parent.glob(f"push-{self._job.pk}-*"):
            shutil.rmtree(left, ignore_errors=True)
        self._path.mkdir(parents=True)
        return self._path

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._path, ignore_errors=True)
