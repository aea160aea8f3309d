"""Which entries a list shows."""

from __future__ import annotations

import django_filters
from django.db.models import Q, QuerySet

from packager.models import PackageError, PackageRequest, Status


class RequestFilter(django_filters.FilterSet):
    """Which requests."""

    status = django_filters.MultipleChoiceFilter(choices=Status.choices, help_text="Can be repeated.")
    format = django_filters.CharFilter()
    resource_id = django_filters.CharFilter()
    title = django_filters.CharFilter(method="of_title", help_text="Part of the title of the resource or its dataset.")
    requester = django_filters.CharFilter(method="of_owner", help_text="Only your own requests with this `requester`.")
    idempotency_key = django_filters.CharFilter(
        method="of_owner", help_text="Only your own request that was made with this `Idempotency-Key`."
    )
    created_after = django_filters.IsoDateTimeFilter("created_at", "gte", help_text="At that time or later.")
    created_before = django_filters.IsoDateTimeFilter("created_at", "lt", help_text="Before that time.")

    class Meta:
        model = PackageRequest
        fields = ()

    def of_title(self, found: QuerySet[PackageRequest], name: str, value: str) -> QuerySet[PackageRequest]:
        """In upper or lower case."""
        return found.filter(Q(resource_title__icontains=value) | Q(dataset_title__icontains=value))

    def of_owner(self, found: QuerySet[PackageRequest], name: str, value: str) -> QuerySet[PackageRequest]:
        """Names that an owner gives mean something to that owner only, so that nobody else can find by them."""
        return found.filter(**{name: value}, api_key=getattr(self.request, "auth", None))


class ErrorFilter(django_filters.FilterSet):
    """Which failures."""

    code = django_filters.CharFilter()
    resource_id = django_filters.CharFilter()
    request = django_filters.UUIDFilter("request_id", help_text="Only failures of this request.")
    after = django_filters.IsoDateTimeFilter("at", "gte", help_text="At that time or later.")
    before = django_filters.IsoDateTimeFilter("at", "lt", help_text="Before that time.")

    class Meta:
        model = PackageError
        fields = ()
