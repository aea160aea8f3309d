"""Puts the engine together with what the settings and the plugins say. The engine itself knows neither."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from packager import plugins
from packager.errors import RequestError
from packager.models import Kind
from packager.presentation.query_summary import english_query_lines
from packager.streaming.facts import Origin
from packager.streaming.formats.options import refuse_unknown
from packager.streaming.http import RetryPolicy
from packager.streaming.metadata import metadata_members
from packager.streaming.pipeline import (
    Build,
    FileContent,
    Summary,
    TableContent,
    Transform,
    query_for,
    shapes_for,
)
from packager.streaming.sources.base import Describes, FileSource, Table, TableSource
from packager.streaming.types import Field, Member, Progress, RowsPage, Shape
from packager.submission import Submission

#: Formats that carry their own metadata, and whose readers expect no other files.
WITHOUT_METADATA = ("dwca",)
#: How long a web request may wait for CKAN.
HURRIED = RetryPolicy(connect=3, read=5, attempts=1)


def check_options(submission: Submission) -> dict[str, Any]:
    """The options of a request with their defaults filled in. Raises RequestError for what cannot be had."""
    every = {name: value for name, value in submission.options.items() if name == "metadata"}
    if not all(isinstance(value, bool) for value in every.values()):
        raise RequestError("The option metadata is either true or false", field="metadata")
    if submission.kind == Kind.URL:
        refuse_unknown("file", submission.format_options)
        return every
    return {**plugins.formats().get(submission.format).check(submission.format_options), **every}


def _retry_policy() -> RetryPolicy:
    return RetryPolicy(
        connect=settings.PACKAGER_CONNECT_TIMEOUT,
        read=settings.PACKAGER_READ_TIMEOUT,
        attempts=settings.PACKAGER_PAGE_ATTEMPTS,
    )


def table_source(submission: Submission, retry_policy: RetryPolicy | None = None) -> TableSource:
    """Where the rows of this request come from."""
    source: TableSource = plugins.first(
        "table_source", submission=submission, key=submission.key or None, retry_policy=retry_policy or _retry_policy()
    )
    return source


def file_source(submission: Submission, *, hurried: bool = False) -> FileSource:
    """Where the file of this request comes from. ``hurried`` is for web requests, which cannot wait long."""
    retry_policy = HURRIED if hurried else _retry_policy()
    source: FileSource = plugins.first(
        "file_source", submission=submission, key=submission.key or None, retry_policy=retry_policy
    )
    return source


def open_table(submission: Submission, shapes: Iterable[Shape], *, hurried: bool = False) -> Table:
    """The rows of this request. ``hurried`` is for web requests, which cannot wait long. Raises SourceError."""
    return table_source(submission, HURRIED if hurried else None).open(submission.query, tuple(shapes))


class Job:
    """One build: ``open`` asks the source and gets everything ready; ``stop`` ends it, from any thread.

    Raises:
        AddressForbidden: the source is at an address that may not be read.
    """

    def __init__(self, submission: Submission) -> None:
        self._submission = submission
        self._tables = table_source(submission) if submission.kind == Kind.DATASTORE else None
        self._files = file_source(submission) if submission.kind == Kind.URL else None

    def stop(self) -> None:
        """End whatever waits for the source."""
        for source in (self._tables, self._files):
            if source:
                source.close()

    def open(self, progress: Progress) -> Build:
        """Ready to be packed. Raises SourceError, FormatError."""
        if self._tables:
            return _open_table(self._submission, self._tables, progress)
        assert self._files
        return _open_file(self._submission, self._files, progress)


def _open_file(submission: Submission, source: FileSource, progress: Progress) -> Build:
    file = source.open(submission.resource_url)
    content = FileContent(file, file.name or submission.resource_id)
    return Build(content, extras=partial(_extra_members, submission, None), progress=progress)


def _open_table(submission: Submission, source: TableSource, progress: Progress) -> Build:
    format = plugins.formats().get(submission.format)
    transform = _Transforms(submission) if plugins.implemented("row_transform") else None
    options = format.check(submission.format_options)
    query = query_for(format, submission.query)
    table = source.open(query, shapes_for(format, options, transform))
    if transform:
        transform.prepare(table.fields)
    progress.total_rows = table.expected
    content, extras = TableContent(table, format, options), partial(_extra_members, submission, source)
    return Build(content, extras=extras, progress=progress, transform=transform)


class _Transforms:
    """What plugins do to each page, one after the other."""

    def __init__(self, submission: Submission) -> None:
        self._submission = submission
        self._steps: list[Transform] = []

    def prepare(self, fields: Iterable[Field]) -> None:
        self._steps = plugins.ask("row_transform", submission=self._submission, fields=list(fields))

    def __call__(self, page: RowsPage) -> RowsPage:
        for step in self._steps:
            page = step(page)
        return page


def _extra_members(submission: Submission, source: TableSource | None, summary: Summary) -> Iterator[Member]:
    if submission.metadata and submission.format not in WITHOUT_METADATA:
        yield from metadata_members(_description(submission, source), _origin(submission), summary, submission.options)
    for members in plugins.ask("extra_members", submission=submission, summary=summary):
        yield from members


def _description(submission: Submission, source: TableSource | None) -> Mapping[str, object]:
    return source.describe(submission.resource_id) if isinstance(source, Describes) else {}


def _origin(submission: Submission) -> Origin:
    is_file = submission.kind == Kind.URL
    parts = urlsplit(submission.source_url)
    return Origin(
        ckan_url=f"{parts.scheme}://{parts.netloc}",
        resource_id=submission.resource_id,
        made=timezone.now(),
        query=None if is_file else submission.query,
        query_lines=() if is_file else english_query_lines(submission),
        file_url=submission.resource_url,
        doi=submission.doi,
    )
