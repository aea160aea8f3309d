"""Pages of lists."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.utils.dateparse import parse_datetime
from rest_framework.pagination import CursorPagination

from packager.errors import RequestError


class Pages(CursorPagination):
    """Pages by cursor, which stay whole while new entries come in on top."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    ordering = "-created_at"

    def decode_cursor(self, request: Any) -> Any:
        """The cursor. Raises RequestError for one that is none of ours."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            with suppress(ValueError):
                if parse_datetime(str(cursor.position)) is not None:
                    return cursor
            raise RequestError("Parameter cursor is not valid", field="cursor")
        return cursor


class ErrorPages(Pages):
    """The same for failures."""

    ordering = "-at"
