"""Decides which cluster builds a request, by how much there is to fetch."""

from __future__ import annotations

import logging

from django.conf import settings

from packager import assembly
from packager.errors import SourceError
from packager.models import Kind, Queue
from packager.submission import Submission

log = logging.getLogger(__name__)


def queue_for(submission: Submission) -> str:
    """``fast`` for a file, and for rows that are known to be at most PACKAGER_SLOW_REQUEST; else ``slow``."""
    if submission.kind == Kind.URL:
        return Queue.FAST
    rows = rows_to_fetch(submission)
    return Queue.FAST if rows is not None and rows <= settings.PACKAGER_SLOW_REQUEST else Queue.SLOW


def rows_to_fetch(submission: Submission) -> int | None:
    """How many rows will come, by the limit that was given, or by what CKAN says; None if nobody knows."""
    query = submission.query
    if query.limit is not None:
        return query.limit
    try:
        return assembly.count_rows(submission)
    except SourceError as fault:
        log.info("the rows of %s could not be counted: %s", submission.resource_id, fault.code)
        return None
