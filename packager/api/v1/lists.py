"""Pages and filters of lists."""

from __future__ import annotations

from typing import Any

import django_filters
from django.utils.dateparse import parse_datetime
from rest_framework.pagination import CursorPagination

from packager.errors import RequestError
from packager.models import PackageError, PackageRequest, Status


class Pages(CursorPagination):
    """Pages by cursor, which stay whole while new entries come in on top."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    ordering = "-created_at"

    def decode_cursor(self, request: Any) -> Any:
        """The cursor. Raises RequestError for one that is none of ours."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None and not _is_time(cursor.position):
            raise RequestError("Parameter cursor is not valid", field="cursor")
        return cursor


def _is_time(position: object) -> bool:
    try:
        return parse_datetime(str(position)) is not None
    except ValueError:
        return False


class ErrorPages(Pages):
    """The same for failures."""

    ordering = "-at"


class RequestFilter(django_filters.FilterSet):
    """Which requests."""

    status = django_filters.MultipleChoiceFilter(choices=Status.choices, help_text="May be given several times.")
    format = django_filters.CharFilter()
    resource_id = django_filters.CharFilter()
    created_after = django_filters.IsoDateTimeFilter("created_at", "gte", help_text="At that time or later.")
    created_before = django_filters.IsoDateTimeFilter("created_at", "lt", help_text="Before that time.")

    class Meta:
        model = PackageRequest
        fields = ()


class ErrorFilter(django_filters.FilterSet):
    """Which failures."""

    code = django_filters.CharFilter()
    resource_id = django_filters.CharFilter()
    request = django_filters.UUIDFilter("request_id", help_text="Those of one request.")
    after = django_filters.IsoDateTimeFilter("at", "gte", help_text="At that time or later.")
    before = django_filters.IsoDateTimeFilter("at", "lt", help_text="Before that time.")

    class Meta:
        model = PackageError
        fields = ()
