"""Which entries a list shows."""

from __future__ import annotations

import django_filters

from packager.models import PackageError, PackageRequest, Status


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
