"""Puts the engine together with what the settings and the plugins say. The engine itself knows neither."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from functools import cache, partial
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from packager import plugins
from packager.errors import RequestError
from packager.models import Kind
from packager.presentation.query_summary import english_query_lines
from packager.streaming.eml import eml
from packager.streaming.facts import Facts, Origin, Titles, facts_of
from packager.streaming.formats.base import Format, TakesEml
from packager.streaming.formats.options import refuse_unknown
from packager.streaming.http import RetryPolicy
from packager.streaming.metadata import COMPANIONS, FOR_PEOPLE, citation, metadata_members
from packager.streaming.pipeline import (
    Build,
    FileContent,
    Summary,
    TableContent,
    Transform,
    query_for,
    shapes_for,
)
from packager.streaming.sources.base import Describes, FileSource, TableSource
from packager.streaming.types import Field, Member, Progress, RowsPage
from packager.submission import Submission

#: For those who look at a data portal while somebody waits for a page: see ``intake.quick_look``.
HURRIED = RetryPolicy(connect=2, read=2, attempts=1)


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


def file_source(submission: Submission, retry_policy: RetryPolicy | None = None) -> FileSource:
    """Where the file of this request comes from."""
    source: FileSource = plugins.first(
        "file_source", submission=submission, key=submission.key or None, retry_policy=retry_policy or _retry_policy()
    )
    return source


class Job:
    """One build: ``open`` asks the source and gets everything ready; ``stop`` ends it, from any thread.

    ``titles`` may be set until the data is written: what the README says where the source has nothing to tell.

    Raises:
        AddressForbidden: the source is at an address that may not be read.
    """

    def __init__(self, submission: Submission) -> None:
        self.titles = Titles()
        self.submission = submission
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
            return _open_table(self.submission, self._tables, progress, _facts(self, self._tables))
        assert self._files
        file = self._files.open(self.submission.resource_url)
        content = FileContent(file, file.name or self.submission.resource_id)
        extras = partial(_extra_members, self.submission, _facts(self, self._files), COMPANIONS)
        return Build(content, extras=extras, progress=progress)


def _open_table(submission: Submission, source: TableSource, progress: Progress, facts: Callable[[], Facts]) -> Build:
    format: Format = plugins.formats().get(submission.format)
    transform = _Transforms(submission) if plugins.manager.hook.row_transform.get_hookimpls() else None
    options = format.check(submission.format_options)
    query = query_for(format, submission.query)
    table = source.open(query, shapes_for(format, options, transform))
    if transform:
        transform.prepare(table.fields)
    progress.total_rows = table.expected
    extras = partial(_extra_members, submission, facts, FOR_PEOPLE if isinstance(format, TakesEml) else COMPANIONS)
    if submission.metadata and isinstance(format, TakesEml):
        origin = _origin(submission)
        format = format.with_eml(eml(facts(), origin, citation(facts(), origin)))
    return Build(TableContent(table, format, options), extras=extras, progress=progress, transform=transform)


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


def _facts(job: Job, source: TableSource | FileSource) -> Callable[[], Facts]:
    """What the source knows of the data; it is asked once, and when that is wanted first."""

    @cache
    def ask() -> Facts:
        description = source.describe(job.submission.resource_id) if isinstance(source, Describes) else {}
        return facts_of(description, replace(_origin(job.submission), titles=job.titles))

    return ask


def _extra_members(
    submission: Submission, facts: Callable[[], Facts], companions: Collection[str], summary: Summary
) -> Iterator[Member]:
    if submission.metadata:
        yield from metadata_members(facts(), _origin(submission), summary, submission.options, companions)
    for members in plugins.ask("extra_members", submission=submission, summary=summary):
        yield from members


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
