"""Every place where a plugin can join in. Plain functions; ``pluggy`` does the calling.

A plugin is a module or object with functions of these names, marked with ``packager.hookspecs.hook`` and offered
through the entry-point group ``packaging_portal``. All answers are optional.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

from packager.plugins import PROJECT

if TYPE_CHECKING:
    from packager.delivery.base import Notifier
    from packager.events import AnyEvent
    from packager.storage.base import Store
    from packager.streaming.formats.base import Format
    from packager.streaming.http import RetryPolicy
    from packager.streaming.pipeline import Summary
    from packager.streaming.sources.base import FileSource, TableSource
    from packager.streaming.types import Field, Member
    from packager.submission import Submission

spec = pluggy.HookspecMarker(PROJECT)
hook = pluggy.HookimplMarker(PROJECT)


@spec
def formats() -> Iterable[Format]:
    """Further output formats. One of a name that exists already replaces it."""


@spec
def table_source(submission: Submission, key: str | None, retry_policy: RetryPolicy) -> TableSource | None:
    """A source for the rows of this request, where CKAN's datastore is not it. The first answer wins."""


@spec
def file_source(submission: Submission, key: str | None, retry_policy: RetryPolicy) -> FileSource | None:
    """A source for the file of this request, where its address is not it. The first answer wins."""


@spec
def store(url: str) -> Store | None:
    """The store of packages at this address (PACKAGER_STORE_URL, empty if it is not set), or None.

    Asked whenever a store is needed, so it must be quick. The first answer wins.
    """


@spec
def notifiers() -> Iterable[Notifier]:
    """Further ways of telling a requester that a package is there."""


@spec
def validate_submission(submission: Submission) -> None:
    """A look at a request before it is accepted. Raise ``RequestError`` to turn it down."""


@spec
def look_at_submission(submission: Submission) -> None:
    """The former name of ``validate_submission``, asked until version 1.0."""


@spec
def row_transform(submission: Submission, fields: Sequence[Field]) -> Any:
    """A callable ``RowsPage -> RowsPage`` through which every page of this request goes, or None."""


@spec
def extra_members(submission: Submission, summary: Summary) -> Iterable[Member]:
    """Files to add to the archive, after the data."""


@spec
def on_event(event: AnyEvent) -> None:
    """Something happened: to a request, to addresses (``PersonalDataForgotten``), to data (``ResourceChanged``).

    What is raised here is logged and goes no further.
    """


@spec
def url_patterns() -> Sequence[Any]:
    """URL patterns, put under ``/plugins/``."""


@spec
def django_apps() -> Sequence[str]:
    """Names of Django applications to install."""


@spec
def default_settings() -> Mapping[str, Any]:
    """Settings and their defaults; those of the portal are not replaced."""


@spec
def api_capabilities() -> Mapping[str, Any]:
    """What to add to the capabilities that ``/api/v1/`` answers."""
